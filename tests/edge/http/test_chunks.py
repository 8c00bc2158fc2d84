from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.edge.http.chunks import ChunkRelay
from remuda.edge.http.outbox import Outbox
from remuda.gateway.reply import chunk

LONGEST = 16**3 - 1


class Way:
    """A relay, and what came out of it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.loop = asyncio.new_event_loop()
        self.outbox = Outbox(self.loop)
        self.relay = ChunkRelay(self.outbox, self.sent.append)

    def takes(self, data: bytes) -> bool:
        was_taken = self.relay.pass_on(data)
        self.outbox.send()
        self.loop.close()
        return was_taken


@given(st.binary(min_size=1, max_size=2 * LONGEST))
def test_a_chunk_passes_as_it_is(body: bytes) -> None:
    way = Way()
    if len(body) > LONGEST:
        assert not way.takes(chunk(body))
        return
    assert way.takes(chunk(body))
    assert way.sent == [chunk(body)]
    assert way.relay.bodies() == [body]
    assert (way.relay.bytes_out, way.relay.events) == (len(body), body.count(b"\n\n"))


@pytest.mark.parametrize("size", [1, 15, 16, 255, 256, LONGEST])
def test_sizes_at_which_the_number_grows(size: int) -> None:
    way = Way()
    assert way.takes(chunk(b"x" * size))
    assert (way.relay.bodies(), way.relay.bytes_out) == ([b"x" * size], size)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"0\r\n\r\n",
        b"1\r\n\r\n",
        b"3\r\nabc\r\n1\r\nx\r\n",
        b"3\r\nabc\n\r",
        b"03\r\nabc\r\n",
        b"3 \r\nabc\r\n",
        b"+3\r\nabc\r\n",
        b"0x3\r\nabc\r\n",
        b"3;x\r\nabc\r\n",
        b"A\r\n0123456789\r\n",
        b"4\r\nabc\r\n",
        b"2\r\nabc\r\n",
        *(bytes(size) for size in range(1, 2 * LONGEST, 127)),
        # No chunk is as long as these, whose sizes have just got one more digit.
        b"f\r\n%b\r\n" % bytes(16),
        b"10\r\n%b\r\n" % bytes(15),
        b"ff\r\n%b\r\n" % bytes(256),
        b"100\r\n%b\r\n" % bytes(255),
    ],
)
def test_anything_else_does_not_pass(data: bytes) -> None:
    way = Way()
    assert not way.takes(data)
    assert (way.sent, way.relay.bodies(), way.relay.bytes_out, way.relay.events) == ([], [], 0, 0)


@given(st.binary(max_size=60))
def test_what_passes_is_exactly_that(data: bytes) -> None:
    way = Way()
    if way.takes(data):
        (body,) = way.relay.bodies()
        assert chunk(body) == data


def test_an_event_that_ends_in_the_frame_is_none() -> None:
    way = Way()
    assert way.takes(chunk(b"\nx"))
    assert way.relay.events == 0
