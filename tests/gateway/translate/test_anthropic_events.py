from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from remuda.gateway.translate.anthropic_events import MessageEvents
from remuda.gateway.translate.anthropic_reply import whole_message
from remuda.gateway.translate.sse import EventReader

EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
COUNTED = {"input_tokens": 6, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4, "output_tokens": 3}
NOTHING = {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0}
DONE = b"data: [DONE]\n\n"


def chunk(delta: object = None, *, finish: str | None = None, **members: object) -> bytes:
    choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    return b"data: %b\n\n" % msgspec.json.encode({"id": "chatcmpl-7", "choices": choices} | members)


def piece(index: int, arguments: str | None = None, *, name: str | None = None, ident: str | None = None) -> object:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": ident, "type": "function", "function": function}]}


def translate(*pieces: bytes) -> bytes:
    events = MessageEvents("m")
    return b"".join(events.feed(data) for data in pieces) + events.end()


def told(*pieces: bytes) -> list[dict[str, Any]]:
    """The events, without the start of the message, each as `anthropic` reads it."""
    events = EventReader().feed(translate(*pieces))
    contents = [msgspec.json.decode(event.data) for event in events]
    assert [event.name for event in events] == [content["type"] for content in contents]
    for content in contents:
        if content["type"] != "error":
            EVENT.validate_python(content, strict=True)
    return contents[1:]


def block(index: int, head: Mapping[str, object], *deltas: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": head},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, *pieces: str) -> list[dict[str, object]]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": text} for text in pieces))


def thinking_block(index: int, *pieces: str) -> list[dict[str, object]]:
    deltas = [{"type": "thinking_delta", "thinking": text} for text in pieces]
    signature = {"type": "signature_delta", "signature": ""}
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas, signature)


def call_block(index: int, ident: str, name: str, *pieces: str) -> list[dict[str, object]]:
    head = {"type": "tool_use", "id": ident, "name": name, "input": {}}
    return block(index, head, *({"type": "input_json_delta", "partial_json": text} for text in pieces))


def ending(reason: str, usage: dict[str, int] = NOTHING, sequence: str | None = None) -> list[dict[str, object]]:
    delta = {"stop_reason": reason, "stop_sequence": sequence}
    return [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]


def test_the_first_chunk_begins_the_message() -> None:
    assert MessageEvents("m").feed(chunk({"role": "assistant", "content": ""})) == (
        b"event: message_start\n"
        b'data: {"type":"message_start","message":{"id":"msg_7","type":"message","role":"assistant","model":"m",'
        b'"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,'
        b'"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}\n\n'
    )


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(
            [chunk({"content": "he"}), chunk({"content": "llo"}), chunk(finish="stop"), chunk(choices=[], usage=USAGE)],
            [*text_block(0, "he", "llo"), *ending("end_turn", COUNTED)],
            id="text, then the counts",
        ),
        pytest.param(
            [chunk({"content": "hi"}, finish="length", usage=USAGE), DONE],
            [*text_block(0, "hi"), *ending("max_tokens", COUNTED)],
            id="all in one chunk",
        ),
        pytest.param(
            [chunk({"content": "hi"}, finish="stop"), DONE], [*text_block(0, "hi"), *ending("end_turn")], id="no counts"
        ),
        pytest.param([chunk(finish="stop")], ending("end_turn"), id="nothing said"),
        pytest.param(
            [
                chunk({"reasoning_content": "h"}),
                chunk({"reasoning": "m"}),
                chunk({"content": "hi"}),
                chunk(finish="stop"),
            ],
            [*thinking_block(0, "h", "m"), *text_block(1, "hi"), *ending("end_turn")],
            id="thinking in both names",
        ),
        pytest.param(
            [
                chunk({"content": "I look."}),
                chunk(piece(0, "", name="look", ident="a")),
                chunk(piece(0, '{"at"')),
                chunk(piece(0, ": 1}")),
                chunk(piece(1, '{"s": 2}', name="wait", ident="b")),
                chunk(finish="tool_calls"),
                DONE,
            ],
            [
                *text_block(0, "I look."),
                *call_block(1, "a", "look", '{"at"', ": 1}"),
                *call_block(2, "b", "wait", '{"s": 2}'),
                *ending("tool_use"),
            ],
            id="calls one after the other",
        ),
        pytest.param(
            [
                chunk(piece(0, '{"at"', name="look", ident="a")),
                chunk(piece(1, '{"s"', name="wait", ident="b")),
                chunk({"content": "well"}),
                chunk(piece(0, ": 1}")),
                chunk(piece(1, ": 2}")),
                chunk(finish="tool_calls"),
            ],
            [
                *call_block(0, "a", "look", '{"at"', ": 1}"),
                *call_block(1, "b", "wait", '{"s": 2}'),
                *text_block(2, "well"),
                *ending("tool_use"),
            ],
            id="calls that are mixed",
        ),
        pytest.param(
            [
                chunk(piece(0, "{}", name="look", ident="a")),
                chunk(piece(0, "{}", name="look", ident="b")),
                chunk(piece(1, "{}", name="look")),
                chunk(finish="stop"),
            ],
            [
                *call_block(0, "a", "look", "{}"),
                *call_block(1, "b", "look", "{}"),
                *call_block(2, "toolu_7_1", "look", "{}"),
                *ending("tool_use"),
            ],
            id="calls that share an index or have no name",
        ),
        pytest.param(
            [chunk(piece(0, None, name="look", ident="a")), chunk(finish="tool_calls")],
            [*call_block(0, "a", "look"), *ending("tool_use")],
            id="a call without arguments",
        ),
        pytest.param(
            [
                chunk(piece(0, "{}", name="look", ident="a")),
                chunk({"content": "x"}),
                chunk(piece(0, "\n")),
                chunk(finish="stop"),
            ],
            [*call_block(0, "a", "look", "{}"), *text_block(1, "x"), *ending("tool_use")],
            id="space after a call",
        ),
        pytest.param(
            [chunk(choices=[{"delta": {"content": "x"}, "finish_reason": "stop", "stop_reason": "END"}])],
            [*text_block(0, "x"), *ending("stop_sequence", sequence="END")],
            id="a stop sequence",
        ),
        pytest.param(
            [
                chunk({"content": "x"}, finish="stop"),
                chunk({"content": ""}, finish="stop"),
                DONE,
                chunk({"content": "y"}),
            ],
            [*text_block(0, "x"), *ending("end_turn")],
            id="an end told twice",
        ),
    ],
)
def test_a_stream(stream: list[bytes], events: list[dict[str, object]]) -> None:
    assert told(*stream) == events


def test_counts_that_come_early_begin_the_message() -> None:
    (event,) = EventReader().feed(MessageEvents("m").feed(chunk({"content": ""}, usage=USAGE)))
    assert msgspec.json.decode(event.data)["message"]["usage"] == COUNTED


def test_nothing_is_held_back() -> None:
    events = MessageEvents("m")
    events.feed(chunk({"content": ""}))
    assert events.feed(chunk({"content": "ü"})).endswith(b'{"type":"text_delta","text":"\xc3\xbc"}}\n\n')
    assert events.feed(chunk(finish="stop")).startswith(b"event: content_block_stop\n")
    assert events.feed(DONE).startswith(b"event: message_delta\n")
    assert events.end() == b""


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        ([chunk({"content": "x"})], "the engine's stream ended before the message did"),
        ([chunk({"content": "x"}), DONE], "the engine's stream ended before the message did"),
        ([chunk(), b"data: {\n\n", chunk(finish="stop")], "cannot read the engine's stream: "),
        ([chunk(), b'data: "\xff"\n\n'], "cannot read the engine's stream: "),
        ([chunk(), b"data: " + b"[" * 100_000 + b"\n\n"], "cannot read the engine's stream: "),
        (
            [chunk(), b"data: " + b" " * 2**24 + b"{}\n\n"],
            "cannot read the engine's stream: an event of the stream is larger",
        ),
        ([chunk(piece(0, "{}"))], "cannot read the engine's stream: a tool call begins without a name"),
        (
            [chunk(piece(0, "{}", name="x", ident="a")), chunk({"content": "x"}), chunk(piece(0, "y"))],
            "cannot read the engine's stream: a part of the answer goes on after its end",
        ),
        (
            [chunk({"content": "x"}, finish="stop"), chunk({"reasoning": "y"})],
            "cannot read the engine's stream: a part of the answer goes on after its end",
        ),
    ],
)
def test_a_stream_that_breaks(stream: list[bytes], error: str) -> None:
    last = told(*stream)[-1]
    assert (last["type"], last["error"]["type"]) == ("error", "api_error")
    assert last["error"]["message"].startswith(error)
    assert last["source"] == "remuda"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": {"message": "boom", "type": "server_error", "code": 500}}, "api_error"),
        ({"object": "error", "message": "boom", "code": 400}, "invalid_request_error"),
        ({"choices": [], "error": "boom"}, "api_error"),
    ],
)
def test_an_error_of_the_engine_in_the_stream(error: object, kind: str) -> None:
    stream = (chunk({"content": "x"}), b"data: %b\n\n" % msgspec.json.encode(error), DONE)
    assert told(*stream)[-1] == {"type": "error", "error": {"type": kind, "message": "boom"}}


def test_a_stream_without_a_chunk() -> None:
    (event,) = EventReader().feed(translate())
    assert event.name == "error"


STREAM = b": hello\n\n" + b"".join(
    (
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "ä\n"}),
        chunk(piece(0, '{"a"', name="look", ident="a")),
        chunk(piece(1, "{}", name="wait", ident="b")),
        chunk(piece(0, ": 1}")),
        chunk(finish="tool_calls").replace(b"\n", b"\r\n"),
        chunk(choices=[], usage=USAGE),
        DONE,
    )
)


def test_a_stream_cut_at_every_byte() -> None:
    whole = translate(STREAM)
    assert translate(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == whole
    for cut in range(len(STREAM)):
        assert translate(STREAM[:cut], STREAM[cut:]) == whole


WORDS = st.text(min_size=1, max_size=5)
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers(-9, 9), max_size=3)


@given(WORDS | st.just(""), WORDS | st.just(""), st.lists(ARGUMENTS, max_size=3), st.data())
def test_a_stream_adds_up_to_the_whole_message(
    thinking: str, text: str, calls: list[dict[str, object]], data: st.DataObject
) -> None:
    written = [msgspec.json.encode(arguments).decode() for arguments in calls]
    functions = [{"name": "f", "arguments": arguments} for arguments in written]
    said = {
        "reasoning": thinking,
        "content": text,
        "tool_calls": [{"id": f"c{n}", "function": function} for n, function in enumerate(functions)],
    }
    finish = "tool_calls" if calls else "stop"
    whole = {"id": "1", "choices": [{"message": said, "finish_reason": finish}], "usage": USAGE}
    deltas: list[object] = [*({"reasoning": c} for c in thinking), *({"content": c} for c in text)]
    deltas += [piece(n, "", name="f", ident=f"c{n}") for n in range(len(calls))]
    # The pieces of the calls may come in any order, as long as those of each call keep theirs.
    turns = data.draw(st.permutations([n for n, arguments in enumerate(written) for _ in arguments]))
    rest = [iter(arguments) for arguments in written]
    deltas += [piece(n, next(rest[n])) for n in turns]
    stream = [chunk(delta, id="1") for delta in deltas] + [chunk(id="1", finish=finish, usage=USAGE), DONE]

    message = None
    buffers: dict[int, bytes] = {}
    for event in EventReader().feed(translate(*stream)):
        message = accumulate_event(event=EVENT.validate_json(event.data), current_snapshot=message, json_bufs=buffers)
    assert message is not None
    expected = Message.model_validate_json(whole_message("m", "", 200, msgspec.json.encode(whole))[1])
    assert message.model_dump(exclude_none=True) == expected.model_dump(exclude_none=True)
