from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.tail import KEEP_BYTES, Tail


@given(st.lists(st.integers(0, 20_000), max_size=30))
def test_the_last_bytes_are_those_of_all_pieces_together(sizes: list[int]) -> None:
    tail, whole = Tail(), b""
    for number, size in enumerate(sizes):
        piece = bytes((number,)) * size
        tail.add(piece)
        whole += piece
        assert tail.last() == whole[-KEEP_BYTES:]


def test_a_long_body_is_not_kept() -> None:
    tail = Tail()
    for _ in range(10_000):
        tail.add(b"x" * 200)
    assert sum(map(len, tail._pieces)) < 8 * KEEP_BYTES  # noqa: SLF001  what is kept shows nowhere else
