"""What engines say at the end: real bodies of each, and text that wants to pass for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.record import Usage
from remuda.gateway.usage import read_usage

OPENAI = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
TIMINGS = {"cache_n": 3, "prompt_n": 8, "prompt_ms": 12.5, "predicted_n": 7, "predicted_ms": 70.0}


def event(content: Any, name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(content)}\n\n"


TAILS = {
    "chat": (json.dumps({"choices": [], "usage": OPENAI}), Usage(11, 7)),
    "compact": ('{"usage":{"prompt_tokens":1,"completion_tokens":2}}', Usage(1, 2)),
    "cached": (
        json.dumps(
            {
                "usage": OPENAI
                | {"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 1}}
            }
        ),
        Usage(11, 7, 4),
    ),
    "details that are null": (json.dumps({"usage": OPENAI | {"prompt_tokens_details": None}}), Usage(11, 7)),
    "embeddings": (json.dumps({"usage": {"prompt_tokens": 5, "total_tokens": 5}}), Usage(5)),
    "rerank": (json.dumps({"results": [], "usage": {"total_tokens": 9}}), Usage(9)),
    "a stream of vLLM": (
        event({"choices": [{"delta": {"content": "w"}}], "usage": None})
        + event({"choices": [], "usage": OPENAI})
        + "data: [DONE]\n\n",
        Usage(11, 7),
    ),
    "usage of every chunk": (
        event({"usage": OPENAI | {"completion_tokens": 1}}) + event({"usage": OPENAI}),
        Usage(11, 7),
    ),
    "Responses": (
        event(
            {
                "response": {
                    "usage": {
                        "input_tokens": 20,
                        "input_tokens_details": {"cached_tokens": 16},
                        "output_tokens": 5,
                        "output_tokens_details": {"reasoning_tokens": 0},
                        "total_tokens": 25,
                    },
                    "metadata": {},
                }
            },
            "response.completed",
        ),
        Usage(20, 5, 16),
    ),
    "Anthropic": (
        json.dumps(
            {
                "usage": {
                    "input_tokens": 4,
                    "cache_creation_input_tokens": 2,
                    "cache_read_input_tokens": 10,
                    "output_tokens": 3,
                    "service_tier": "standard",
                }
            }
        ),
        Usage(16, 3, 10),
    ),
    "a stream of Anthropic's": (
        event({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 15}}, "message_delta")
        + event({"type": "message_stop"}, "message_stop"),
        Usage(None, 15),
    ),
    "llama.cpp": (json.dumps({"usage": OPENAI, "id": "x", "timings": TIMINGS}), Usage(11, 7, 3, 12.5, 70.0)),
    "llama.cpp's own": (json.dumps({"content": "", "timings": TIMINGS}), Usage(11, 7, 3, 12.5, 70.0)),
    "Ollama": (
        json.dumps({"message": {"content": ""}, "done": False})
        + "\n"
        + json.dumps(
            {
                "done": True,
                "total_duration": 5_000_000,
                "load_duration": 1,
                "prompt_eval_count": 26,
                "prompt_eval_duration": 130_000_000,
                "eval_count": 298,
                "eval_duration": 4_799_000_000,
            }
        )
        + "\n",
        Usage(26, 298, None, 130.0, 4799.0),
    ),
    "a tool's arguments": (
        json.dumps({"content": [{"input": {"usage": {"input_tokens": 999}}}], "usage": {"input_tokens": 1}}),
        Usage(1),
    ),
}


@pytest.mark.parametrize("name", TAILS)
def test_every_protocol_tells_it_its_own_way(name: str) -> None:
    tail, told = TAILS[name]
    assert read_usage(tail.encode()) == told


@pytest.mark.parametrize(
    "tail",
    [
        "",
        '{"choices":[]}',
        '{"usage":null}',
        '{"usage":{}}',
        '{"usage":{"prompt_tokens":"many"}}',
        '{"usage":{"prompt_tokens":1',
        '{"usage":' + "{" * 4000,
        '{"usage":' + '{"a":{}' * 500 + "}" * 500,
        '{"timings":[1]}',
        '{"total_duration":1',
        '{"total_duration":"\udcff"}',
    ],
)
def test_what_says_nothing_is_nothing(tail: str) -> None:
    assert read_usage(tail.encode(errors="surrogateescape")) is None


spoofs = st.lists(
    st.sampled_from(
        [
            '"usage":',
            '{"prompt_tokens":666,"completion_tokens":666}',
            '"timings":{"prompt_n":666}',
            '"total_duration":1,"eval_count":666}',
            "\\",
            '"',
            "\n\ndata: ",
            "{",
            "}",
        ]
    )
    | st.text(max_size=4)
).map("".join)


@given(text=spoofs, ascii_only=st.booleans(), told=st.booleans())
def test_what_a_model_writes_cannot_pass_for_it(text: str, ascii_only: bool, told: bool) -> None:  # noqa: FBT001
    real = {"usage": OPENAI} if told else {}
    message = {"choices": [{"message": {"content": text, text: text}}], **real}
    body = json.dumps(message, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    assert read_usage(body) == (Usage(11, 7) if told else None)


@given(text=spoofs, cut=st.integers(0, 200))
def test_nor_can_it_where_the_tail_begins_within_what_it_writes(text: str, cut: int) -> None:
    body = json.dumps({"content": text}).encode()
    assert read_usage(body[cut:]) is None


@given(st.binary(max_size=300))
def test_no_bytes_are_too_much(tail: bytes) -> None:
    read_usage(tail)
    read_usage(b'{"usage":' + tail)
