import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.quoting.shell import joined, quoted, split
from tests.quoting.strategies import ARGV, NO_TEXT, PIECES

SHELL_PRINTS = """set -f; p() { for word; do printf '%s\\0' "$word"; done; }; p """


def real(command: str) -> list[str]:
    """The words that a real shell makes of a command's arguments."""
    done = subprocess.run(["sh", "-c", SHELL_PRINTS + command], check=True, capture_output=True, timeout=10)
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


@given(ARGV)
def test_any_words_survive(argv: list[str]) -> None:
    assert split(joined(argv)) == tuple(argv)


@settings(max_examples=30)
@given(ARGV)
def test_any_words_survive_a_real_shell(argv: list[str]) -> None:
    assert real(joined(argv)) == argv


@settings(max_examples=200)
@given(st.lists(st.one_of(PIECES, st.sampled_from(["a", "b", "'", '"', "\\", " "])), max_size=8).map("".join))
def test_a_command_is_refused_or_read_as_a_real_shell_does(command: str) -> None:
    try:
        words = split(f"x {command}")
    except SpecError:
        return
    assert real(command) == list(words[1:])


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", ()),
        ("a  b\t'c d' \"e f\"g", ("a", "b", "c d", "e fg")),
        (r'"\$ \` \" \\ \a $ $" \$HOME', (r'$ ` " \ \a $ $', "$HOME")),
        ("$% a$ $", ("$%", "a$", "$")),
        ("a \\\n  b\\\nc", ("a", "bc")),
        ("a '' # all of this\n", ("a", "")),
        ("a#b *.x [::1]:80 a~ {a} {}", ("a#b", "*.x", "[::1]:80", "a~", "{a}", "{}")),
        ("A=b c", ("A=b", "c")),
        ("\n a\\ ", ("a ",)),
        ("a \\\n", ("a",)),
        ("a \\\n \\\n b", ("a", "b")),
    ],
)
def test_how_a_shell_reads(command: str, words: tuple[str, ...]) -> None:
    assert split(command) == words


@pytest.mark.parametrize(
    "command",
    [
        *("$HOME", '"$HOME"', "a${x}", "$(id)", '"$(id)"', "`id`", '"`id`"', "~/x", "a ~", "a; b", "a & b", "a | b"),
        *("a < b", "a >b", "(a)", "a\nb", "$'a'", '$"a"', "$1", "$?", "'a", '"a', "a\\"),
        *("$-", "$?", "$#", "$!", "$*", "$@", "$_", "$0", "$$", '"$-"', '"$*"'),
        *("$\\\n#", '"$\\\nHOME"', "{a,b}", "x{1..3}", "a\\\n#b", "a \\\n#b", "a \\\n~", "a # b\\\nc"),
    ],
)
def test_what_a_shell_would_do_something_about_is_refused(command: str) -> None:
    with pytest.raises(SpecError, match="cannot read"):
        split(command)


@pytest.mark.parametrize("program", ["A=b", "if", "!", "{"])
def test_the_first_word_is_a_program_whatever_it_is_called(program: str) -> None:
    assert joined([program, program]) == f"'{program}' {quoted(program)}"


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_no_argv_can_hold_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        joined(["a", text])
