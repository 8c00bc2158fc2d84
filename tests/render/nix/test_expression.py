"""What is no expression of Nix cannot be built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remuda.errors import SpecError
from remuda.render.nix.expression import (
    Function,
    Location,
    Name,
    Number,
    Operation,
    Pattern,
    Select,
    is_word,
    ref,
)
from tests.render.nix.evaluator import VERSIONS, evaluate_all


@pytest.mark.parametrize(
    "build",
    [
        lambda: Name("a.b"),
        lambda: Name("let"),
        lambda: Function("1", Name("a")),
        lambda: Pattern({"a b": None}),
        lambda: Pattern({"a": None}, alias="in"),
        lambda: Operation("=", (Number(1), Number(2))),
        lambda: Operation("==", (Number(1), Number(2), Number(3))),
        lambda: Operation("+", (Number(1),)),
    ],
)
def test_what_is_no_syntax_is_our_mistake(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="of Nix"):
        build()


@pytest.mark.parametrize("path", ["a", "a/b", "./a b", "./${x}", "", "/"])
def test_a_path_that_nix_has_no_form_for_is_refused(path: str) -> None:
    with pytest.raises(SpecError, match="as a path in Nix"):
        Location(path)


def test_patterns_are_values() -> None:
    assert {Pattern({"a": None}), Pattern({"a": None})} == {Pattern({"a": None})}


def test_a_dotted_name_selects() -> None:
    assert ref("a.b.c") == Select(Name("a"), ("b", "c"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_word_needs_no_quotes(version: str) -> None:
    words = [word for word in ("a", "_", "a-b'", "true", "import", "a1") if is_word(word)]
    assert evaluate_all([f"{{ {word} = 1; }}" for word in words], version) == [{word: 1} for word in words]
    assert not any(map(is_word, ("", "1a", "-a", "é", "a.b", "or", "rec", "with", "a\n")))
