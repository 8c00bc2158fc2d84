import pytest
from hypothesis import given

from remuda.errors import SpecError
from remuda.quoting.llama_swap import filled, fragment, joined, macros_in, quoted, split, without_comments
from tests.quoting.strategies import ARGV, NO_TEXT


@given(ARGV)
def test_any_words_survive_macros_comments_and_the_splitter(argv: list[str]) -> None:
    command = filled(without_comments(joined(argv)), [("PORT", 5800), ("PID", 1)])
    assert split(command) == tuple(argv)
    assert list(macros_in(command)) == []


def test_fragments_stand_beside_macros() -> None:
    command = f"{fragment('a b')}${{PORT}}{fragment('$')}{fragment('{x}')}"
    assert split(filled(command, [("PORT", 5800)])) == ("a b5800${x}",)
    assert quoted("") == "''"
    assert fragment("") == ""


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("a  b\tc\nd", ("a", "b", "c", "d")),
        ("a 'b c'\"d e\"f '' \"\"", ("a", "b cd ef", "", "")),
        ("a \\\n  --b \\\n  c", ("a", "--b", "c")),
        ("a\\\nb", ("a", "b")),
        ("a\n# 'b\n  #c\nd#e #f", ("a", "d#e", "#f")),
        ("a \\\n# b\nc", ("a", "c")),
        (r'a "\$\`\"\\\a" \$ \a', ("a", r'$`"\\a', "$", "a")),
        ("a $HOME ~ *.x; b | c", ("a", "$HOME", "~", "*.x;", "b", "|", "c")),
        ("a 'b", ("a", "b")),
        ('a "b', ("a", "b")),
        ("a\rb", ("a\rb",)),
        ("a\x1c\\\nb", ("a\x1c", "b")),
    ],
)
def test_how_llama_swap_takes_a_command_apart(command: str, words: tuple[str, ...]) -> None:
    assert split(command) == words


@pytest.mark.parametrize("command", ["", " \n", "# a"])
def test_a_command_without_words_is_refused(command: str) -> None:
    with pytest.raises(SpecError, match="is empty"):
        split(command)


def test_a_macro_that_is_left_is_refused() -> None:
    with pytest.raises(SpecError, match="no macro `x`"):
        split("a ${x}")


def test_macros_are_replaced_from_the_last_to_the_first() -> None:
    macros = [("base", "/m"), ("file", "${base}/a"), ("later", "x")]
    assert filled({"cmd": "${file} ${unknown}", "n": ["${later}", 1], "${base}": None}, macros) == {
        "cmd": "/m/a ${unknown}",
        "n": ["x", 1],
        "${base}": None,
    }
    assert filled("${file}", [("file", "a${base}"), ("base", "/m")]) == "a${base}"


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        *((7, "7"), (True, "true"), (0.7, "0.7"), (1.0, "1"), (-2.5, "-2.5"), (123456.0, "123456")),
        *((1e6, "1e+06"), (-1234567.5, "-1.2345675e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"), (0.0, "0")),
        (float("inf"), "+Inf"),
    ],
)
def test_a_macro_keeps_its_type_where_it_stands_alone(value: object, inside: str) -> None:
    assert filled("${m}", [("m", value)]) is value
    assert filled("a${m}", [("m", value)]) == f"a{inside}"


def test_what_would_be_taken_for_a_macro() -> None:
    value = ["${a}", {"y": "${env.b} $c ${d:-e} ${env:F}"}, {"${g-h}": 1}, None]
    assert list(macros_in(value)) == ["${a}", "${env.b}", "${g-h}"]


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_no_argv_can_hold_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        quoted(text)
