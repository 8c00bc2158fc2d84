from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.marks import Marks
from remuda.spec.reference import parse

PARTS = st.lists(st.sampled_from(["${env:A}", "${file:/b}", "$$", "x", "{", " "]), max_size=8)


@given(PARTS)
def test_what_is_marked_is_written_again(parts: list[str]) -> None:
    text, marks = "".join(parts), Marks()
    raw = marks.raw(text)
    assert len(raw) == len(parts)
    assert marks.has_reference(raw) == bool({"${env:A}", "${file:/b}"} & set(parts))
    assert parse(marks.text(raw)) == parse(text)


def test_what_is_no_text_of_a_fleet_file_stays() -> None:
    assert Marks().raw("${") == "${"
