from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.contract import Adapted, Place, Remark
from remuda.adapt.write import fleet_text, merged, narrowed
from remuda.errors import Position, Problem
from remuda.spec.document import load

MADE = Adapted(
    data={"models": {"a": {"engine": "vllm", "model": "org/a", "devices": ["cuda0"]}, "b": {"url": "http://b"}}},
    notes={("models", "a"): "first", ("models", "a", "devices", 0): "any\nof them"},
    places={("models", "a"): Place("docker.sh", Position(3, 1))},
)


def test_a_new_file_has_comments_where_something_was_decided() -> None:
    assert fleet_text(MADE, comment="Imported.") == (
        "# Imported.\n"
        "models:\n"
        "  a:  # first\n"
        "    engine: vllm\n"
        "    model: org/a\n"
        "    devices:\n"
        "      - cuda0  # any of them\n"
        "  b:\n"
        '    url: "http://b"\n'
    )


FILE = """\
# mine
gateway:
  listen: 127.0.0.1:9000   # not 8080
models:
  old: {url: "http://old"}  # stays
# the end
"""


def test_a_file_that_is_there_is_added_to() -> None:
    done = merged(FILE, "remuda.yaml", MADE)
    assert done.problems == ()
    assert done.text == FILE.replace(
        "# stays\n",
        "# stays\n"
        "  a:  # first\n"
        "    engine: vllm\n"
        "    model: org/a\n"
        "    devices:\n"
        "      - cuda0  # any of them\n"
        "  b:\n"
        '    url: "http://b"\n',
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "models:\n", "models: {}\n"])
def test_an_empty_file_is_begun(text: str) -> None:
    assert load(merged(text, "remuda.yaml", MADE).text, "").data == MADE.data


def test_what_is_there_already_is_a_conflict_with_both_places() -> None:
    text = FILE + "routes: {}\n"
    other = Adapted(
        data={"gateway": {"listen": "127.0.0.1:9000", "tls": 1}, "models": {"old": {"url": "http://new"}}},
        places={("models", "old"): Place("config.json", Position(7, 5))},
    )
    done = merged(text, "remuda.yaml", other)
    assert done.text == text
    (problem,) = done.problems
    assert problem.message == "`models.old` is there already; the other is at config.json:7:5"
    assert problem.position == Position(5, 3)


def test_what_says_the_same_is_no_conflict() -> None:
    same = Adapted(data={"models": {"old": {"url": "http://old"}}})
    assert merged(FILE, "remuda.yaml", same).text == FILE


def test_keys_of_a_section_without_names_are_added_one_by_one() -> None:
    done = merged(FILE, "remuda.yaml", Adapted(data={"gateway": {"limits": {"queue": 3}}}))
    assert done.text == FILE.replace("# not 8080\n", "# not 8080\n  limits:\n    queue: 3\n")
    clash = merged(FILE, "remuda.yaml", Adapted(data={"gateway": {"listen": "127.0.0.1:1"}}))
    assert [problem.message for problem in clash.problems] == ["`gateway.listen` is there already"]


def test_a_file_with_errors_is_left_alone() -> None:
    done = merged("models: [\n", "remuda.yaml", MADE)
    assert done.text == "models: [\n"
    assert done.problems


def test_a_file_that_cannot_be_added_to_in_place_is_left_alone() -> None:
    text = "models: &m {x: {url: http://x}}\n"
    done = merged(text, "remuda.yaml", MADE)
    assert done.text == text
    assert "because of an anchor" in done.problems[0].message


def test_only_some_models() -> None:
    remarks = (
        Remark("f", Problem("about b", ("models", "b", "x"))),
        Remark("f", Problem("about all", ("gateway",))),
    )
    done = narrowed(Adapted({**MADE.data, "routes": {"r": "b"}}, remarks=remarks), frozenset({"a", "c"}))
    assert done.data["models"] == {"a": MADE.data["models"]["a"]}
    assert "routes" not in done.data
    assert [remark.problem.message for remark in done.remarks] == ["about all", "there is no model `c` in it"]


NAMES = st.sampled_from(["a", "b.c", "d/e", "1", "x y"])
VALUES = st.none() | st.integers() | st.text(max_size=4)
NESTED = st.recursive(VALUES, lambda one: st.dictionaries(NAMES, one), max_leaves=3)
ENTRIES = st.dictionaries(NAMES, NESTED, min_size=1, max_size=3)


@given(there=ENTRIES, new=ENTRIES)
def test_adding_keeps_every_line(there: dict[str, Any], new: dict[str, Any]) -> None:
    text = fleet_text(Adapted(data={"models": there}), comment="kept")
    done = merged(text, "remuda.yaml", Adapted(data={"models": new}))
    conflicts = {name for name in new if name in there and there[name] != new[name]}
    assert bool(done.problems) == bool(conflicts)
    if not conflicts:
        assert load(done.text, "").data == {"models": {**there, **new}}
        assert done.text.startswith(text.rstrip("\n"))
