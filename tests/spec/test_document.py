from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import Position
from remuda.spec.document import MAX_BYTES, load
from tests.spec.reading import document, lines

BASE = """
    models:
      a: &base {engine: vllm, port: 1}
      b:
        <<: *base
        port: 2
    """


def test_plain_data_with_positions_of_keys_and_values() -> None:
    read = document("""
        models:
          tiny-a:
            devices: [cuda0, "cuda1"]
        """)
    assert read.data == {"models": {"tiny-a": {"devices": ["cuda0", "cuda1"]}}}
    assert read.at_key(("models", "tiny-a")) == Position(2, 3)
    assert read.at(("models", "tiny-a", "devices")) == Position(3, 14)
    assert read.at(("models", "tiny-a", "devices", 1)) == Position(3, 22)


def test_what_is_missing_is_where_the_nearest_thing_above_it_is() -> None:
    read = document("models:\n  tiny-a: {engine: vllm}\n")
    assert read.at(("models", "tiny-a", "port")) == Position(2, 3)
    assert read.at(("gateway",)) == Position(1, 1)


def test_a_character_inside_of_a_text() -> None:
    read = document("a: plain text\nb: 'quoted text'\nc: >\n  folded\n  text\n")
    assert read.inside(("a",), 6) == Position(1, 10)
    assert read.inside(("b",), 7) == Position(2, 12)
    assert read.inside(("c",), 3) == Position(3, 4)
    assert read.inside(("d",), 3) == Position(1, 1)


def test_a_value_as_it_is_written() -> None:
    read = document("a: 1.10 # comment\nb: [007, x]\n")
    assert read.source(("a",)) == "1.10"
    assert read.source(("b", 0)) == "007"


def test_a_merge_key_brings_in_what_is_not_there_with_its_position() -> None:
    read = document(BASE)
    assert read.data["models"]["b"] == {"port": 2, "engine": "vllm"}
    assert read.at_key(("models", "b", "engine")) == Position(2, 13)
    assert read.at(("models", "b", "port")) == Position(5, 11)


def test_the_first_of_several_merged_mappings_wins_and_they_may_merge_themselves() -> None:
    read = document("""
        a: &a {x: 1, y: 1}
        b: &b {<<: *a, y: 2, z: 2}
        c: {<<: [{z: 3}, *b]}
        "<<": literal
        """)
    assert read.data["c"] == {"z": 3, "y": 2, "x": 1}
    assert read.data["<<"] == "literal"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1 `a` is given twice: first at 1:1"]),
        ("a: {b: 1, b: 2}\n", ["1:11 `a.b` is given twice: first at 1:5"]),
        ("a: 1\na: 1\na: 1\n", ["2:1 `a` is given twice: first at 1:1", "3:1 `a` is given twice: first at 1:1"]),
        ("1: x\n", ["1:1 cannot use `1` as a key: expected text"]),
        ("? [a]\n: b\n", ["1:3 cannot use this as a key: expected text"]),
        ("a: {<<: 5}\n", ["1:9 cannot merge a single value or a list: expected a mapping, or a list of mappings"]),
        ("- a\n", ["1:1 the file is a list: expected `models` and other keys"]),
        ("models\n", ["1:1 the file is a single value: expected `models` and other keys"]),
        ("", ["1:1 the file is empty: expected at least `models`"]),
        ("# nothing\n---\n", ["1:1 the file is empty: expected at least `models`"]),
        ("a:\n\tb: 1", ["2:1 cannot indent with a tab"]),
        ("a: b\x00c", ["1:5 cannot read the character U+0000: expected text without control characters"]),
        ("a: 1\nb: \x1b[31m", ["2:4 cannot read the character U+001B: expected text without control characters"]),
        (b"a: 1\nb: \xff\n", ["2:4 cannot read the byte 0xff: expected UTF-8"]),
        (b"\xff\xfea\x00", ["1:1 cannot read UTF-16: expected UTF-8"]),
        (b"\x7fELF\x00\xd0", ["? cannot read a binary file: expected YAML text"]),
        (b"x" * (MAX_BYTES + 1), ["? cannot read a file of more than 10 MiB"]),
    ],
)
def test_problems_of_form(text: str | bytes, expected: list[str]) -> None:
    assert lines(load(text, "f").problems) == expected


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfa: 1\r\nb: [x]\r\n", "\ufeffa: 1\r\nb: [x]\r\n"])
def test_a_byte_order_mark_and_windows_line_ends(text: str | bytes) -> None:
    read = load(text, "f")
    assert read.problems == ()
    assert read.data == {"a": 1, "b": ["x"]}
    assert read.at(("b", 0)) == Position(2, 5)


def test_reading_goes_on_after_a_problem() -> None:
    read = load("a: 1\na: 2\n3: x\nb: {c: 1, c: 2}\n", "f")
    assert read.data == {"a": 1, "b": {"c": 1}}
    assert len(read.problems) == 3


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
        "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40)),
        "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{y: *a{n - 1}}}\n" for n in range(1, 100)),
    ],
)
def test_aliases_do_not_explode(bomb: str) -> None:
    (problem,) = load(bomb, "f").problems
    assert problem.message.startswith(("cannot read more than", "cannot read values nested deeper"))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab", max_size=3),
    lambda child: (
        st.lists(child, max_size=3) | st.dictionaries(st.text("xyz", min_size=1, max_size=3), child, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), plain, min_size=1, max_size=4))
def test_json_is_read_as_itself_and_every_value_has_a_place(data: dict[str, object]) -> None:
    read = load(json.dumps(data), "f")
    assert read.data == data
    assert all(read.find(path) is not None or read.at(path) for path in read.values)
