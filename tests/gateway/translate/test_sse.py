from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.translate.sse import MAX_EVENT_BYTES, Event, EventReader, EventSizeError

STREAM = (
    b": a comment\n"
    b"event: first\ndata: one\nid: 7\nretry: 10\n\n"
    b"data:two\r\ndata: and more\r\n\r\n"
    b"unknown: x\rdata\rdata:  three\r\r"
    b"event: nothing\n\n"
    b"data:\n\n"
    b"data: cut off"
)
EVENTS = [
    Event("first", b"one"),
    Event("", b"two\nand more"),
    Event("", b"\n three"),
    Event("", b""),
]


def read(*pieces: bytes) -> list[Event]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)]


def test_a_stream_in_one_piece() -> None:
    assert read(STREAM) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_a_stream_in_any_pieces(cuts: list[int]) -> None:
    edges = [0, *cuts, len(STREAM)]
    assert read(*(STREAM[begin:end] for begin, end in pairwise(edges))) == EVENTS


def test_a_stream_in_single_bytes() -> None:
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_an_event_is_given_as_soon_as_its_empty_line_begins(end: bytes) -> None:
    reader = EventReader()
    assert reader.feed(b"data: x" + end) == []
    assert reader.feed(end[:1]) == [Event("", b"x")]
    assert reader.feed(end[1:]) == []


@pytest.mark.parametrize("start", [b"data: ", b": ", b"data: x\ndata: "])
def test_an_event_without_end_is_an_error(start: bytes) -> None:
    reader = EventReader()
    reader.feed(start)
    piece = b"x" * (MAX_EVENT_BYTES // 4)
    for _ in range(3):
        assert reader.feed(piece) == []
    with pytest.raises(EventSizeError, match="larger than 16777216 bytes"):
        reader.feed(piece + b"x")


def test_many_lines_of_data_are_one_event() -> None:
    reader = EventReader()
    line = b"data: " + b"x" * (MAX_EVENT_BYTES // 4) + b"\n"
    with pytest.raises(EventSizeError):
        reader.feed(line * 5 + b"\n")


def test_an_event_of_permitted_size_is_read() -> None:
    data = b"x" * (MAX_EVENT_BYTES - 10)
    assert read(b"data: " + data[:1000], data[1000:] + b"\n\n") == [Event("", data)]
