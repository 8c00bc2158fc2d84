from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.timings import Timings

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 4}}


def clock(*times: float) -> Callable[[], float]:
    return iter(times).__next__


def chunk(**members: object) -> bytes:
    return b"data: %b\n\n" % json.dumps({"id": "c1", "created": 7, "model": "m", "choices": [], **members}).encode()


WORD = chunk(choices=[{"index": 0, "delta": {"content": "a"}}])
LAST = chunk(usage=USAGE)
DONE = b"data: [DONE]\n\n"


def through(pieces: Iterable[bytes], *, hides_usage: bool = False) -> bytes:
    events = Timings(clock(0.0, 0.5, 2.5), hides_usage=hides_usage).events()
    return b"".join(map(events.feed, pieces)) + events.end()


def contents(stream: bytes) -> list[dict[str, object]]:
    return [json.loads(line[6:]) for line in stream.split(b"\n\n") if line and line != b"data: [DONE]"]


def test_a_stream_ends_with_its_timings() -> None:
    stream = through([WORD, WORD, LAST, DONE])
    assert stream.startswith(WORD + WORD + LAST)
    assert stream.endswith(DONE)
    told = contents(stream)[-1]
    assert (told["id"], told["object"], told["choices"]) == ("c1", "chat.completion.chunk", [])
    assert told["timings"] == {
        "cache_n": 4,
        "prompt_n": 6,
        "prompt_ms": 500.0,
        "prompt_per_second": 12.0,
        "predicted_n": 4,
        "predicted_ms": 2000.0,
        "predicted_per_second": 2.0,
    }


def test_usage_that_the_client_did_not_ask_for_is_taken_out() -> None:
    stream = through([WORD, LAST, DONE], hides_usage=True)
    assert [sorted(content) for content in contents(stream)][1:] == [
        ["choices", "created", "id", "model", "object", "timings"]
    ]


@given(st.lists(st.integers(0, 500), max_size=12).map(sorted), st.booleans())
def test_how_the_stream_is_cut_does_not_matter(cuts: list[int], hides: bool) -> None:  # noqa: FBT001
    whole = WORD + chunk(choices=[], usage=None) + LAST + DONE
    bounds = [0, *cuts, len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(bounds)]
    assert through(pieces, hides_usage=hides) == through([whole], hides_usage=hides)


@pytest.mark.parametrize(
    "stream",
    [
        WORD + DONE,
        WORD + chunk(usage=USAGE, timings={"prompt_n": 1}) + DONE,
        WORD + b"data: {broken",
        b"data: [DONE]\n\n",
    ],
)
def test_without_usage_or_with_the_engines_own_timings_nothing_is_added(stream: bytes) -> None:
    assert through([stream]) == stream


def test_an_answer_in_one_piece_has_them_as_its_last_member() -> None:
    body = json.dumps({"id": "x", "choices": [{"text": "}"}], "usage": USAGE}).encode()
    status, told = Timings(clock(0.0, 2.0), hides_usage=False).whole(200, body)
    assert status == 200
    assert told.startswith(body[:-1])
    assert json.loads(told)["timings"] == {
        "cache_n": 4,
        "prompt_n": 6,
        "predicted_n": 4,
        "predicted_ms": 2000.0,
        "predicted_per_second": 2.0,
    }


@pytest.mark.parametrize("body", [b"", b"oops", b"[]", b'{"error":{}}', b'{"usage":{},"timings":{}}', b"}"])
def test_what_has_no_usage_passes_as_it_is(body: bytes) -> None:
    assert Timings(clock(0.0, 1.0), hides_usage=False).whole(500, body) == (500, body)
