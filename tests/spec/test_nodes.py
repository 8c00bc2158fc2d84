from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import Position
from remuda.spec import nodes
from remuda.spec.nodes import MalformedError, Mapping, Scalar, Sequence, compose


def value(text: str) -> object:
    node = compose(f"key: {text}\n")
    assert isinstance(node, Mapping)
    scalar = node.items[0][1]
    assert isinstance(scalar, Scalar)
    return scalar.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("2026-01-01", "2026-01-01"),
        ("12:30:45", "12:30:45"),
        ("0", 0),
        ("-12", -12),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("0.92", 0.92),
        ("1e-05", 1e-05),
        ("1.", 1.0),
        (".5", 0.5),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("v0.23.0", "v0.23.0"),
        ("1.2.3", "1.2.3"),
        (".", "."),
        ("'true'", "true"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 12", 12.0),
        ("! 12", 12),
        ("9" * 200, float("9" * 200)),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, expected: object) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


def test_not_a_number() -> None:
    found = value(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


def test_positions_count_from_one() -> None:
    node = compose("a:\n  - x\n  - {b: y}\n")
    assert isinstance(node, Mapping)
    items = node.items[0][1]
    assert isinstance(items, Sequence)
    assert [item.position for item in items.items] == [Position(2, 5), Position(3, 5)]


def test_an_alias_is_the_node_of_its_anchor() -> None:
    node = compose("a: &x [1]\nb: *x\n")
    assert isinstance(node, Mapping)
    assert node.items[0][1] is node.items[1][1]


def test_nothing_in_the_text() -> None:
    assert compose("") is None
    assert compose("# only a comment\n") is None


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a:\n\tb: 1\n", (2, 1), "cannot indent with a tab", "indent with spaces"),
        ("a: 'x\nb: 1\n", (1, 4), "the quoted text never ends", "add the closing quote"),
        ("a: b: c\n", (1, 5), "cannot read a second `key: value` here", "quote a value"),
        ("{a: 1", (1, 6), "cannot read this: expected `,` or `}`", "close the bracket"),
        (
            "a: [${env:X}]\n",
            (1, 6),
            "cannot read this: expected `,` or `]`, not `{`",
            "quote a value that holds `${…}`",
        ),
        ("- a\nb: 1\n", (2, 1), "cannot read this line as part of", "indent it like"),
        ("a: @x\n", (1, 4), "cannot begin a value with `@`", "quote the value"),
        ("key: - a\n", (1, 6), "cannot begin a list here", "begin the list on a new line"),
        ('a: "\\q"\n', (1, 6), "cannot read the escape `\\q`", "use single quotes"),
        ("a: *nope\n", (1, 4), "the alias `*nope` has no anchor `&nope`", "quote the value"),
        ("a: &x [*x]\n", (1, 8), "the alias `*x` is inside the value", None),
        ("a: 1\n---\nb: 1\n", (2, 1), "a second document starts here", "remove the line"),
        ("a: !foo x\n", (1, 4), "cannot use the tag `!foo`", "remove the tag"),
        ("a: !!int x\n", (1, 4), "cannot use the tag `!!int`", "remove the tag"),
        ("a: !!python/object:os.system {}\n", (1, 4), "cannot use the tag `!!python/object:os.system`", "remove"),
        ("%YAML 9.1\n---\na: 1\n", (1, 1), "cannot read the YAML: found incompatible", None),
        ("abc\ndef: 1\nghi\n", (2, 4), "cannot read a second `key: value`", "quote"),
    ],
)
def test_what_is_malformed_is_said_at_its_place(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    with pytest.raises(MalformedError) as caught:
        compose(text)
    problem = caught.value.problem
    assert problem.position == Position(*place)
    assert problem.message.startswith(message)
    assert (problem.hint or "").startswith(hint or "")


def test_depth_is_bounded_before_it_costs_anything() -> None:
    with pytest.raises(MalformedError, match="nested deeper than 64"):
        compose("[" * 100_000)


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MAX_VALUES", 50)
    with pytest.raises(MalformedError, match="more than 50 values"):
        compose("[" + "1, " * 60 + "1]")


@given(st.text(alphabet="ab:-{}[]&*!|>'\"%@`#, \n\t?<$0.", max_size=40))
def test_any_text_composes_or_is_malformed(text: str) -> None:
    with contextlib.suppress(MalformedError):
        compose(text)
