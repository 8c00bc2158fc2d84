from __future__ import annotations

import pytest

from remuda.knowledge.release import Release, Span, release


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.8.5", (0, 8, 5)),
        ("v0.8.5.post1", (0, 8, 5, 1)),
        ("b9123", (9123,)),
        ("12.9", (12, 9)),
        ("0.23.1rc0", None),
        ("nightly", None),
        ("", None),
    ],
)
def test_a_release_is_its_numbers(text: str, expected: Release | None) -> None:
    assert release(text) == expected


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        ("0.8.0..0.14.1", ["0.8.0", "0.9.0.1", "0.14.1"], ["0.7.3", "0.14.2", "0.15.0"]),
        ("..12.9", ["11.8", "12.9", "12.9.1"], ["13.0"]),
        ("0.24.0..", ["0.24.0", "1.0"], ["0.23.9"]),
        ("..", ["0", "99"], []),
    ],
)
def test_a_span_holds_what_begins_with_its_bounds(span: str, inside: list[str], outside: list[str]) -> None:
    assert [text for text in (*inside, *outside) if (release(text) or ()) in Span(span)] == inside
    assert str(Span(span)) == span


@pytest.mark.parametrize("text", ["0.8.0", "a..b", "", "1.0...2.0"])
def test_anything_else_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="is no range of releases"):
        Span(text)
