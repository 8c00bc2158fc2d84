from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.edge.http.chunks import payload
from remuda.gateway.reply import chunk


@given(st.binary(min_size=1, max_size=70_000))
def test_a_chunk_is_what_is_in_it(body: bytes) -> None:
    assert payload(chunk(body)) == (body if len(body) < 16**4 else None)


@pytest.mark.parametrize("size", [1, 15, 16, 255, 256, 4095, 4096, 65535])
def test_sizes_at_which_the_number_grows(size: int) -> None:
    assert payload(chunk(b"x" * size)) == b"x" * size


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
    ],
)
def test_anything_else_is_not_seen(data: bytes) -> None:
    assert payload(data) is None


@given(st.binary(max_size=60))
def test_what_is_seen_is_exactly_that(data: bytes) -> None:
    found = payload(data)
    assert found is None or chunk(found) == data
