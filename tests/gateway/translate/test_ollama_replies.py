from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama import ChatResponse, GenerateResponse

from remuda.gateway.translate.ollama_replies import Lines, Reply, whole
from remuda.gateway.translate.sse import MAX_EVENT_BYTES

AT = 1_700_000_000.0
SECOND = 1_000_000_000
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
TIMINGS = {"prompt_n": 2, "cache_n": 10, "prompt_ms": 250.0, "predicted_n": 5, "predicted_ms": 500.0}


def clock(*seconds: float) -> Callable[[], float]:
    """A clock that is looked at at these times after `AT`, and stands still after the last."""
    left = list(seconds)
    return lambda: AT + (left.pop(0) if len(left) > 1 else left[0])


def reply(*seconds: float, is_chat: bool = True) -> Reply:
    return Reply("m:latest", is_chat=is_chat, now=clock(*(seconds or (2.0,))), began=AT)


def stream(*chunks: dict[str, Any], ends: bool = True) -> bytes:
    events = [b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks]
    return b"".join(events) + (b"data: [DONE]\n\n" if ends else b"")


def delta(finish_reason: str | None = None, **said: Any) -> dict[str, Any]:
    return {"object": "x", "choices": [{"index": 0, "delta": said, "finish_reason": finish_reason}], "usage": None}


def lines(data: bytes) -> list[dict[str, Any]]:
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def called(index: int, arguments: str, name: str | None = None) -> list[dict[str, Any]]:
    return [{"index": index, "function": {"name": name, "arguments": arguments}}]


CHAT = stream(
    delta(role="assistant", content=""),
    delta(reasoning_content="Hm"),
    delta(reasoning="m."),
    delta(content="Four"),
    delta(tool_calls=called(0, '{"a":', "f")),
    delta(tool_calls=called(1, '{"b":2}', "g")),
    delta(tool_calls=called(0, "1}")),
    delta("tool_calls", content=None),
    {"choices": [], "usage": USAGE, "timings": TIMINGS},
)


def test_a_chat_comes_as_lines_that_the_client_package_reads() -> None:
    translator = Lines(reply())
    found = lines(translator.feed(CHAT))
    for line in found:
        ChatResponse.model_validate(line)
    assert [line["message"] for line in found] == [
        {"role": "assistant", "content": "", "thinking": "Hm"},
        {"role": "assistant", "content": "", "thinking": "m."},
        {"role": "assistant", "content": "Four"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"function": {"index": 0, "name": "f", "arguments": {"a": 1}}},
                {"function": {"index": 1, "name": "g", "arguments": {"b": 2}}},
            ],
        },
        {"role": "assistant", "content": ""},
    ]
    assert [line["done"] for line in found] == [False] * 4 + [True]
    assert {line["model"] for line in found} == {"m:latest"}
    assert {line["created_at"] for line in found} == {"2023-11-14T22:13:22Z"}
    assert not translator.end()


@pytest.mark.parametrize(
    "chunks",
    [
        [delta(content="a"), delta(content="b"), delta("stop")],
        [{"choices": [{"index": 0, "text": text}]} for text in "ab"] + [{"choices": [{"finish_reason": "stop"}]}],
    ],
)
def test_a_prompt_comes_as_lines_that_the_client_package_reads(chunks: Sequence[dict[str, Any]]) -> None:
    found = lines(Lines(reply(is_chat=False)).feed(stream(*chunks)))
    assert [GenerateResponse.model_validate(line).response for line in found] == ["a", "b", ""]
    assert not any("message" in line for line in found)


def test_thoughts_of_a_prompt_stand_beside_its_response() -> None:
    (first, _) = lines(Lines(reply(is_chat=False)).feed(stream(delta(reasoning_content="Hm"), ends=True)))
    assert (first["thinking"], first["response"]) == ("Hm", "")


@given(st.lists(st.integers(0, len(CHAT)), max_size=8))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(CHAT)]
    translator = Lines(reply())
    pieces = [CHAT[begin:end] for begin, end in pairwise(bounds)]
    found = b"".join(map(translator.feed, pieces)) + translator.end()
    assert found == Lines(reply()).feed(CHAT)


def test_a_piece_is_told_as_soon_as_it_is_there() -> None:
    translator = Lines(reply())
    for text in "abc":
        (line,) = lines(translator.feed(stream(delta(content=text), ends=False)))
        assert line["message"]["content"] == text


def test_what_is_thought_and_said_at_the_end_is_told() -> None:
    found = lines(Lines(reply()).feed(stream(delta("stop", content="all"))))
    assert [line["message"]["content"] for line in found] == ["all", ""]


def test_probabilities_are_told_even_without_text() -> None:
    token = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -1.0}]}
    chunk = {"choices": [{"delta": {}, "logprobs": {"content": [token]}}]}
    first = lines(Lines(reply()).feed(stream(chunk, delta("stop"))))[0]
    assert first["logprobs"] == [token]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "stop"),
        ("content_filter", "content_filter"),
        (None, "stop"),
    ],
)
def test_why_it_stopped(said: str | None, told: str) -> None:
    last = lines(Lines(reply()).feed(stream(delta(said, content="x"))))[-1]
    assert (last["done"], last["done_reason"]) == (True, told)


def durations(line: dict[str, Any]) -> tuple[float, ...]:
    names = ("load_duration", "prompt_eval_duration", "eval_duration", "total_duration")
    return tuple(line[name] / SECOND for name in names)


def test_the_engines_timings_are_told_and_the_rest_is_loading() -> None:
    last = lines(Lines(reply()).feed(CHAT))[-1]
    assert durations(last) == (1.25, 0.25, 0.5, 2.0)
    assert (last["prompt_eval_count"], last["eval_count"]) == (12, 5)


def test_without_timings_the_clock_tells() -> None:
    # Looked at when the stream opens, at the first token, to stamp its line, at the end, to stamp the last line.
    translator = Lines(reply(1.0, 1.5, 1.5, 4.0, 4.0))
    last = lines(translator.feed(stream(delta(content="x"), delta("stop"), {"choices": [], "usage": USAGE})))[-1]
    assert durations(last) == (1.0, 0.5, 2.5, 4.0)


def test_a_clock_that_is_set_back_makes_no_negative_duration() -> None:
    last = lines(Lines(reply(-5.0)).feed(stream(delta("stop", content="x"))))[-1]
    assert durations(last) == (0.0, 0.0, 0.0, 0.0)


def test_tokens_that_nobody_counted_are_not_told() -> None:
    last = lines(Lines(reply()).feed(stream(delta("stop", content="x"))))[-1]
    assert "eval_count" not in last
    assert "prompt_eval_count" not in last


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b'data: {"error":{"message":"out of memory","code":500}}\n\n', "out of memory"),
        (b'event: error\ndata: {"object":"error","message":"out of memory"}\n\n', "out of memory"),
        (b'data: {"error":{}}\n\n', "does not say why"),
        (b"data: <html>\n\n", "cannot read the engine's answer"),
        (stream(delta("length", tool_calls=called(0, '{"a', "f")), ends=False), "`f`"),
        (b"data: " + b"x" * (MAX_EVENT_BYTES + 7), "larger than"),
    ],
)
def test_an_error_in_the_stream_is_its_last_line(bad: bytes, message: str) -> None:
    translator = Lines(reply())
    found = lines(translator.feed(stream(delta(content="a"), ends=False)) + translator.feed(bad))
    assert message in found[-1]["error"]
    assert len(found) == 2
    assert not translator.feed(CHAT)
    assert not translator.end()


def test_nothing_follows_an_error_among_the_same_bytes() -> None:
    found = lines(Lines(reply()).feed(b'data: {"error":"x"}\n\n' + CHAT))
    assert found == [{"error": "x"}]


def test_a_stream_that_is_cut_short_ends_with_an_error() -> None:
    translator = Lines(reply())
    translator.feed(stream(delta(content="a"), ends=False))
    (line,) = lines(translator.end())
    assert line == {"error": "the engine's answer was cut short", "source": "remuda"}
    assert not translator.end()


def test_a_stream_without_its_last_event_has_said_all() -> None:
    translator = Lines(reply())
    translator.feed(stream(delta("stop", content="a"), ends=False))
    (line,) = lines(translator.end())
    assert line["done"] is True


def answered(**more: Any) -> bytes:
    message = {"role": "assistant", "content": "Four", "reasoning_content": "Hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return msgspec.json.encode({"choices": [choice], "usage": USAGE, **more})


def test_a_whole_chat_is_read_by_the_client_package() -> None:
    status, body = whole(reply(), 200, answered(timings=TIMINGS))
    found = json.loads(body)
    told = ChatResponse.model_validate(found)
    assert (status, told.message.content, told.message.thinking) == (200, "Four", "Hm")
    assert (told.done, told.done_reason, told.prompt_eval_count, told.eval_count) == (True, "stop", 12, 5)
    assert durations(found) == (1.25, 0.25, 0.5, 2.0)


def test_a_whole_prompt_is_read_by_the_client_package() -> None:
    for body in (answered(), b'{"choices":[{"text":"Four","finish_reason":"stop"}]}'):
        told = GenerateResponse.model_validate_json(whole(reply(is_chat=False), 200, body)[1])
        assert told.response == "Four"


def test_the_time_of_a_whole_answer_without_timings_is_told_as_generating() -> None:
    assert durations(json.loads(whole(reply(), 200, answered())[1])) == (0.0, 0.0, 2.0, 2.0)


def test_calls_in_a_whole_answer() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": called(0, '{"a":1}', "f")}
    body = msgspec.json.encode({"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    told = ChatResponse.model_validate_json(whole(reply(), 200, body)[1])
    assert told.message.tool_calls is not None
    assert told.message.tool_calls[0].function.arguments == {"a": 1}


@pytest.mark.parametrize(
    ("status", "body", "told", "message"),
    [
        (400, b'{"error":{"message":"too long"}}', 400, "too long"),
        (503, b"", 503, "status 503"),
        (200, b'{"error":{"message":"too long"}}', 502, "too long"),
        (200, b"{}", 502, "`choices`"),
        (200, b"hello", 502, "cannot read"),
        (200, answered().replace(b'"content":"Four"', b'"content":4'), 502, "cannot read"),
    ],
)
def test_an_error_is_a_sentence(status: int, body: bytes, told: int, message: str) -> None:
    found, content = whole(reply(), status, body)
    assert found == told
    assert message in json.loads(content)["error"]
