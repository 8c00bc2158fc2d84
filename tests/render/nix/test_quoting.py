"""The escapes as they are written; that Nix reads them back is asked in test_value.py."""

from __future__ import annotations

import pytest

from remuda.render.nix.quoting import attribute, block_lines, comment_lines, number, quoted


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('a"b\\c', 'a\\"b\\\\c'),
        ("${a} $b $", "\\${a} $b $"),
        ("$${a}", "$\\${a}"),
        ("\r\n\t", "\\r\\n\\t"),
        ("é\x01", "é\x01"),
    ],
)
def test_quotes(text: str, written: str) -> None:
    assert quoted(text) == written


def test_a_dollar_does_not_undo_an_interpolation() -> None:
    assert quoted("a$", is_before_interpolation=True) == "a\\$"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a 'b' ''c''", ["a 'b' '''c'''"]),
        ("'", ["''\\'"]),
        ("'''${a}", ["'''''\\'''${a}"]),
        ("  a\n b\n", ["''\\  a", " b", ""]),
        ("a\n b\n", ["a", " b", ""]),
        ("a\n  ", ["a", "''\\  "]),
        ("a\tb\r", ["a''\\tb''\\r"]),
    ],
)
def test_blocks(text: str, lines: list[str]) -> None:
    assert [line[0] for line in block_lines([text])] == lines


@pytest.mark.parametrize(
    ("name", "written"), [("a-b'", "a-b'"), ("a.b", '"a.b"'), ("in", '"in"'), ("${a}", '"\\${a}"'), ("", '""')]
)
def test_attributes(name: str, written: str) -> None:
    assert attribute(name) == written


@pytest.mark.parametrize(
    ("value", "written"), [(7, "7"), (0.5, "0.5"), (1e22, "1.0e+22"), (1.5e-7, "1.5e-07"), (-2.0, "2.0")]
)
def test_numbers(value: float, written: str) -> None:
    assert number(value) == written


def test_comments_have_their_mark_on_every_line() -> None:
    assert comment_lines("a\n\nb\rc") == ["# a", "#", "# b", "# c"]
