from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import anthropic.types
import ollama
import openai.types.responses

from remuda.edge.http.limits import Limits
from remuda.gateway.traits import Traits
from remuda.residency.commands import RefusalKind
from tests.edge.http.harness import GATEWAY, STREAM, Admission, House, Visit, engine, gateway, on_loop, post

SOON = Limits(comment_s=0.2)
STREAMED = b'{"model":"tiny","stream":true,"messages":[{"role":"user","content":"x"}]}'
BOUNDED = STREAMED.replace(b'"stream"', b'"max_tokens":9,"stream"')
TIMED = replace(GATEWAY, traits={"tiny": Traits(tells_timings=True)})
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "tiny",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


def event(content: object) -> bytes:
    data = b"data: %b\n\n" % (content if isinstance(content, bytes) else json.dumps(content).encode())
    return b"%x\r\n%b\r\n" % (len(data), data)


def delta(text: str | None, finish: str | None = None) -> dict[str, object]:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}


USAGE = {**delta(None), "choices": [], "usage": ANSWER["usage"]}
JSON = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
CHUNKS = (event(delta("hel")), event(delta("lo")), event(delta(None, "stop")), event(USAGE), event(b"[DONE]"))


async def stream(visit: Visit) -> None:
    while await visit.next():
        await visit.send(STREAM, *CHUNKS, b"0\r\n\r\n")


async def whole(visit: Visit) -> None:
    body = json.dumps(ANSWER).encode()
    while await visit.next():
        await visit.send(JSON % (200, len(body), body))


async def failing(visit: Visit) -> None:
    body = b'{"error":{"message":"too long","type":"BadRequestError","code":400}}'
    while await visit.next():
        await visit.send(JSON % (400, len(body), body))


async def waiting(house: House) -> None:
    await house.admission.until("ask")


@on_loop
async def test_a_stream_is_kept_alive_while_its_model_loads() -> None:
    async with engine(stream) as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=SOON) as house:
        client = await house.client()
        await client.send(post(STREAMED))
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream"
        )
        comment = b": the model is being loaded\n\n"
        for _ in range(2):
            assert await client.reader.readuntil(comment + b"\r\n") == b"%x\r\n%b\r\n" % (len(comment), comment)
        house.admission.grant(1)
        rest = await client.reader.readuntil(b"0\r\n\r\n")
        assert b"hel" in rest
        assert b"HTTP/1.1" not in rest


@on_loop
async def test_whoever_wants_no_stream_hears_nothing_while_the_model_loads() -> None:
    async with engine(whole) as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=SOON) as house:
        client = await house.client()
        await client.send(post())
        await waiting(house)
        await asyncio.sleep(0.6)
        house.admission.grant(1)
        reply = await client.receive()
        assert (reply.status, json.loads(reply.body)["id"]) == (200, "chatcmpl-1")


@on_loop
async def test_a_load_that_fails_after_comments_is_told_in_the_stream() -> None:
    async with gateway(Admission(holds=True), limits=SOON) as house:
        for path, start in (("/v1/chat/completions", b"data: {"), ("/v1/messages", b"event: error\ndata: {")):
            client = await house.client()
            await client.send(post(BOUNDED, path=path))
            await client.reader.readuntil(b"loaded\n\n\r\n")
            number = max(house.admission.waiting)
            house.admission.refuse(number, RefusalKind.LOAD_FAILED, "cannot load `tiny`: it is broken")
            end = await client.reader.readuntil(b"0\r\n\r\n")
            assert start in end
            assert b"it is broken" in end
            assert house.observer.last.error == "load_failed"


@on_loop
async def test_an_engines_error_after_comments_is_told_in_the_stream() -> None:
    async with engine(failing) as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=SOON) as house:
        client = await house.client()
        await client.send(post(STREAMED))
        await client.reader.readuntil(b"loaded\n\n\r\n")
        house.admission.grant(1)
        end = await client.reader.readuntil(b"0\r\n\r\n")
        assert b'data: {"error":{"message":"too long"' in end


@on_loop
async def test_anthropics_protocol_is_translated_for_an_engine_without_it() -> None:
    body = b'{"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'
    async with engine(whole) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(body, path="/v1/messages"))
        message = anthropic.types.Message.model_validate_json(reply.body)
        assert message.content[0].to_dict() == {"type": "text", "text": "hello"}
        assert [request.target for request in upstream.requests] == ["/v1/chat/completions"]
        assert house.observer.last.usage is not None
        assert house.observer.last.usage.tokens == 4


@on_loop
async def test_an_engine_with_anthropics_protocol_gets_the_request_as_it_is() -> None:
    body = b'{"model":"tiny","max_tokens":9,"messages":[]}'
    async with engine(whole) as upstream:
        endpoint = replace(upstream.endpoint, apis=frozenset({"/v1/messages"}))
        async with gateway(Admission(endpoint)) as house:
            client = await house.client()
            await client.ask(post(body, path="/v1/messages"))
            assert [(request.target, request.body) for request in upstream.requests] == [("/v1/messages", body)]


@on_loop
async def test_anthropics_stream_is_translated_as_it_passes() -> None:
    body = BOUNDED
    async with engine(stream) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(body, path="/v1/messages"))
        names = [line[7:] for line in reply.body.decode().split("\n") if line.startswith("event: ")]
        assert (names[0], names[-1], names.count("content_block_delta")) == ("message_start", "message_stop", 2)


@on_loop
async def test_errors_come_in_anthropics_shape() -> None:
    async with engine(failing) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for body, status in (
            (b'{"model":"nope"}', 404),
            (b"{}", 400),
            (BOUNDED, 400),
        ):
            reply = await client.ask(post(body, path="/v1/messages"))
            assert (reply.status, json.loads(reply.body)["type"]) == (status, "error")


@on_loop
async def test_responses_are_translated() -> None:
    async with engine(whole) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(b'{"model":"tiny","input":"x"}', path="/v1/responses"))
        response = openai.types.responses.Response.model_validate_json(reply.body)
        assert response.output_text == "hello"


@on_loop
async def test_ollamas_stream_is_lines() -> None:
    body = b'{"model":"tiny:latest","messages":[{"role":"user","content":"x"}]}'
    async with engine(stream) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(body, path="/api/chat"))
        assert reply.header("content-type") == "application/x-ndjson"
        lines = [ollama.ChatResponse.model_validate_json(line) for line in reply.body.splitlines()]
        assert "".join(line.message.content or "" for line in lines) == "hello"
        assert [line.done for line in lines][-2:] == [False, True]


@on_loop
async def test_ollamas_clients_load_and_unload() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        loaded = await client.ask(post(b'{"model":"tiny","keep_alive":"5m"}', path="/api/generate"))
        unloaded = await client.ask(post(b'{"model":"tiny","keep_alive":0}', path="/api/generate"))
        assert [json.loads(reply.body)["done_reason"] for reply in (loaded, unloaded)] == ["load", "unload"]
        assert house.admission.kept == [("tiny", 300.0), ("tiny", 0.0)]
        assert upstream.requests == []


@on_loop
async def test_timings_are_added_where_the_engine_has_none() -> None:
    async with engine(stream) as upstream, gateway(Admission(upstream.endpoint), TIMED) as house:
        client = await house.client()
        reply = await client.ask(post(STREAMED))
        events = [json.loads(line[6:]) for line in reply.body.split(b"\n\n") if line and b"[DONE]" not in line]
        assert events[-1]["timings"]["predicted_n"] == 1
        assert not any("usage" in told for told in events)
        assert json.loads(upstream.requests[0].body)["stream_options"] == {"include_usage": True}


@on_loop
async def test_timings_are_added_to_an_answer_in_one_piece() -> None:
    async with engine(whole) as upstream, gateway(Admission(upstream.endpoint), TIMED) as house:
        client = await house.client()
        reply = await client.ask(post(b'{"model":"tiny","messages":[]}'))
        assert json.loads(reply.body)["timings"]["prompt_n"] == 3


@on_loop
async def test_a_translated_stream_that_is_cut_short_says_so() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM, CHUNKS[0])

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(BOUNDED, path="/v1/messages"))
        assert b"event: error" in reply.body
        assert house.observer.last.error == "engine_lost"
