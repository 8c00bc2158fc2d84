from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from remuda.gateway.translate import sse
from tests.gateway.translate.responses_checks import ask, events, response

HEAD = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1700000000, "model": "engine-name"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **members: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: %b\n\n" % msgspec.json.encode(HEAD | {"choices": choices} | members)


def piece(index: int, arguments: str, **members: Any) -> dict[str, Any]:
    function = {"arguments": arguments} | {name: members.pop(name) for name in ("name",) if name in members}
    return {"index": index, "function": function} | members


BEGIN = chunk({"role": "assistant", "content": ""})
USAGE_CHUNK = chunk(usage=USAGE)
TALK = (
    BEGIN,
    chunk({"reasoning_content": "h"}),
    chunk({"reasoning_content": "m"}),
    chunk({"content": "hé"}),
    b": still there\n\n",
    chunk({"content": "llo"}),
    chunk({"tool_calls": [piece(0, "", id="c1", name="add")]}),
    chunk({"tool_calls": [piece(0, '{"a"'), piece(1, "{", id="c2", name="sub")]}),
    chunk({"tool_calls": [piece(1, "}")]}),
    chunk({"tool_calls": [piece(0, ":1}")]}),
    chunk({}, "tool_calls"),
    USAGE_CHUNK,
    DONE,
)


def translate(pieces: Iterable[bytes]) -> bytes:
    translator = ask(stream=True).events()
    return b"".join([*(translator.feed(piece) for piece in pieces), translator.end()])


def told(*pieces: bytes) -> list[dict[str, Any]]:
    return events(translate(pieces))


def types(stream: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in stream]


def final(*pieces: bytes) -> dict[str, Any]:
    content: dict[str, Any] = told(*pieces)[-1]["response"]
    return content


def test_a_text() -> None:
    stream = told(BEGIN, chunk({"content": "he"}), chunk({"content": "llo"}, "stop"), USAGE_CHUNK, DONE)
    at = {"item_id": "msg_7_0", "output_index": 0, "content_index": 0}
    item = {"id": "msg_7_0", "type": "message", "role": "assistant"}
    part = {"type": "output_text", "text": "hello", "annotations": [], "logprobs": []}
    done = item | {"status": "completed", "content": [part]}
    assert types(stream[:2]) == ["created", "in_progress"]
    assert stream[2:-1] == [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": item | {"status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": part | {"text": ""}},
        {"type": "response.output_text.delta", **at, "delta": "he", "logprobs": []},
        {"type": "response.output_text.delta", **at, "delta": "llo", "logprobs": []},
        {"type": "response.output_text.done", **at, "text": "hello", "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    ]
    assert stream[-1]["type"] == "response.completed"
    assert stream[-1]["response"]["output"] == [done]
    assert stream[-1]["response"]["usage"]["total_tokens"] == 7


def test_the_order_of_events() -> None:
    assert types(told(*TALK)) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


def test_a_stream_and_a_whole_reply_give_the_same_response() -> None:
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}},
        {"id": "c2", "type": "function", "function": {"name": "sub", "arguments": "{}"}},
    ]
    message = {"role": "assistant", "content": "héllo", "reasoning_content": "hm", "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    status, whole = ask(stream=True).whole(200, msgspec.json.encode(HEAD | {"choices": [choice], "usage": USAGE}))
    assert status == 200
    assert final(*TALK) == response(whole)


@pytest.mark.parametrize("index", [{}, {"index": None}])
def test_calls_without_an_index_begin_with_their_name(index: dict[str, Any]) -> None:
    first = {"id": "c1", "function": {"name": "add", "arguments": "{"}} | index
    second = {"id": "c2", "function": {"name": "sub", "arguments": "{}"}} | index
    rest = {"function": {"arguments": "}"}} | index
    stream = [chunk({"tool_calls": [call]}) for call in (first, rest, second)]
    output = final(*stream, chunk({}, "tool_calls"), DONE)["output"]
    assert [(item["call_id"], item["name"], item["arguments"]) for item in output] == [
        ("c1", "add", "{}"),
        ("c2", "sub", "{}"),
    ]


def test_a_message_that_goes_back_to_reasoning_has_more_items() -> None:
    deltas = [{"content": "a"}, {"reasoning": "b"}, {"content": "c"}, {"refusal": "d"}]
    output = final(*(chunk(delta) for delta in deltas), chunk({}, "stop"), DONE)["output"]
    assert [item["id"] for item in output] == ["msg_7_0", "rs_7_1", "msg_7_2", "msg_7_3"]
    assert [item["content"][0].get("text") or item["content"][0].get("refusal") for item in output] == list("abcd")


@given(st.data())
def test_a_stream_in_any_pieces(data: st.DataObject) -> None:
    stream = b"".join(TALK)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(edges)]
    assert translate(pieces) == translate([stream])


def test_a_stream_in_single_bytes() -> None:
    stream = b"".join(TALK)
    assert translate(stream[i : i + 1] for i in range(len(stream))) == translate([stream])


def test_nothing_is_held_back() -> None:
    translator = ask(stream=True).events()
    assert types(events(translator.feed(BEGIN))) == ["created", "in_progress"]
    for text in ("a", "b"):
        event = translator.feed(chunk({"content": text})).rstrip().rpartition(b"\ndata: ")[2]
        assert json.loads(event)["delta"] == text
    ended = translator.feed(chunk({}, "stop"))
    assert b"response.output_item.done" in ended
    assert b"response.completed" not in ended
    assert b"response.completed" in translator.feed(DONE)
    assert translator.feed(BEGIN) == translator.end() == b""


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [("length", "incomplete", "max_output_tokens"), ("content_filter", "incomplete", "content_filter")],
)
def test_an_incomplete_response(finish: str, status: str, reason: str) -> None:
    stream = told(chunk({"reasoning": "hm"}), chunk({"content": "hi"}), chunk({}, finish), DONE)
    assert stream[-1]["type"] == f"response.{status}"
    told_response = stream[-1]["response"]
    assert (told_response["status"], told_response["incomplete_details"]) == (status, {"reason": reason})
    assert [item["status"] for item in told_response["output"]] == ["completed", status]


def test_a_stream_without_its_last_line_is_complete_all_the_same() -> None:
    assert final(chunk({"content": "hi"}, "stop"))["status"] == "completed"


def test_an_engine_that_gives_up_has_failed() -> None:
    stream = told(chunk({"content": "hi"}), chunk({}, "abort"), DONE)
    assert stream[-1]["type"] == "response.failed"
    assert stream[-1]["response"]["error"]["code"] == "server_error"


@pytest.mark.parametrize(
    ("broken", "code", "message"),
    [
        (b"", "server_error", "the engine's stream ended before its message did"),
        (DONE, "server_error", "the engine's stream ended before its message did"),
        (b"data: {\n\n", "server_error", "cannot read the engine's stream: "),
        (b'data: {"choices": 1}\n\n', "server_error", "cannot read the engine's stream: "),
        (b'data: {"error": {"message": "out of memory", "code": 500}}\n\n', "server_error", "out of memory"),
        (b'data: {"error": {"message": "too long", "code": 400}}\n\n', "invalid_prompt", "too long"),
        (b'data: {"error": {"message": "slow down", "code": 429}}\n\n', "rate_limit_exceeded", "slow down"),
        (b'data: {"error": "broken"}\n\n', "server_error", "broken"),
        (b"data: " + b"x" * (sse.MAX_EVENT_BYTES + 1), "server_error", "cannot read the engine's stream: an event"),
    ],
)
@pytest.mark.parametrize("before", [(), (BEGIN, chunk({"content": "hi"}))], ids=["first", "later"])
def test_a_broken_stream_fails(before: tuple[bytes, ...], broken: bytes, code: str, message: str) -> None:
    stream = told(*before, broken, chunk({"content": "unread"}, "stop"), DONE) if broken else told(*before)
    assert types(stream[:2]) == ["created", "in_progress"]
    assert stream[-1]["type"] == "response.failed"
    error = stream[-1]["response"]["error"]
    assert error["code"] == code
    assert error["message"].startswith(message)
    output = stream[-1]["response"]["output"]
    assert [(item["status"], item["content"][0]["text"]) for item in output] == [("incomplete", "hi")] * bool(before)


def test_log_probabilities() -> None:
    top = [{"token": "ho", "logprob": -1.0, "bytes": [104, 111]}]
    token = {"token": "hi", "logprob": -0.5, "bytes": None, "top_logprobs": top}
    choice = {"index": 0, "delta": {"content": "hi"}, "logprobs": {"content": [token]}, "finish_reason": "stop"}
    stream = told(chunk(choices=[choice]), DONE)
    expected = [{"token": "hi", "logprob": -0.5, "top_logprobs": [{"token": "ho", "logprob": -1.0}]}]
    assert [event["logprobs"] for event in stream if "logprobs" in event] == [expected, expected]
    part = stream[-1]["response"]["output"][0]["content"][0]
    assert part["logprobs"] == [token | {"bytes": [104, 105]}]


def test_openais_own_reader_follows() -> None:
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=openai.omit, text_format=openai.omit)
    adapter: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    seen = [
        event
        for raw in sse.EventReader().feed(translate(TALK))
        for event in state.handle_event(adapter.validate_json(raw.data))
    ]
    snapshots = [event.snapshot for event in seen if event.type == "response.function_call_arguments.delta"]
    assert snapshots == ['{"a"', "{", "{}", '{"a":1}']
    assert seen[-1].type == "response.completed"
    assert seen[-1].response.output_text == "héllo"


def test_the_work_does_not_grow_with_the_stream() -> None:
    translator = ask(stream=True).events()
    translator.feed(BEGIN)
    data = chunk({"content": "hi"})
    translator.feed(data)
    sizes = {len(translator.feed(data)) for _ in range(90)}
    assert len(sizes) <= 2, "only the number in an event may grow"
