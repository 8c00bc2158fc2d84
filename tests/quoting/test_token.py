import re

import pytest

from remuda.errors import SpecError
from remuda.quoting.token import GO_BLANKS, gathered, refuse_unwritable, tokens
from tests.quoting.strategies import NO_TEXT


def test_pieces_make_words_between_their_ends() -> None:
    assert gathered(["a", "b", None, None, "", None, "c"]) == ("ab", "", "c")
    assert gathered([None]) == ()


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(SpecError, match=r"cannot read `a\?` as a list"):
        list(tokens(re.compile("[a-z]"), "a?", "a list"))


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_no_argv_can_hold_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        refuse_unwritable(text, "a unit")


def test_blanks_of_go() -> None:
    """`unicode.IsSpace` knows the information separators for no blanks, Python's `str.strip` does."""
    assert {character for character in map(chr, range(0x10000)) if character.isspace()} - set(GO_BLANKS) == set(
        "\x1c\x1d\x1e\x1f"
    )
