from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.tail import KEEP_BYTES, Tail


@given(st.lists(st.integers(0, 20_000), max_size=30))
def test_it_is_the_end_of_all_pieces_together(sizes: list[int]) -> None:
    tail, whole = Tail(), b""
    for number, size in enumerate(sizes):
        piece = bytes((number,)) * size
        tail.append(piece[-KEEP_BYTES:])
        whole += piece
        assert whole.endswith(tail.last())
    assert len(tail.last()) >= min(KEEP_BYTES, sum(sizes[-3:]))
