from pathlib import Path

import pytest
from hypothesis import given

from remuda.errors import SpecError
from remuda.quoting.compose import escaped, joined, split, unescaped
from remuda.spec.yaml_text import to_yaml
from tests.quoting.strategies import ARGV, WORDS
from tests.render.compose.programs import as_docker_reads

COMMANDS = [
    ("a  b\tc\r\nd", ("a", "b", "c", "d")),
    ("'a b'\"c d\"e '' \"\"", ("a bc de", "", "")),
    (r"\a\\ '\n' \ ", ("a\\", r"\n", " ")),
    (r'"a\"\$\c"', ('a"$c',)),
    ("a\\\nb", ("a\nb",)),
    ("*.x ~ # {a} [b] 'a;b' \"(`|\"", ("*.x", "~", "#", "{a}", "[b]", "a;b", "(`|")),
]
REFUSED = ["'a", '"a', "a\\", "(a", "$(a", "a `b`"]


@given(WORDS)
def test_any_text_survives_variables(text: str) -> None:
    assert unescaped(escaped(text)) == text


@given(ARGV)
def test_any_words_survive_as_one_text(argv: list[str]) -> None:
    assert split(unescaped(escaped(joined(argv)))) == tuple(argv)


@pytest.mark.parametrize(("text", "meant"), [("a$", "a$"), ("$ $1 $-", "$ $1 $-"), ("$$$$a", "$$a"), ("$$$", "$$")])
def test_a_dollar_that_begins_nothing_is_itself(text: str, meant: str) -> None:
    assert unescaped(text) == meant


@pytest.mark.parametrize("text", ["$HOME", "${HOME}", "${HOME:-x}", "a$$$b", "${", "${1}", "$_"])
def test_a_variable_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is a variable"):
        unescaped(text)


@pytest.mark.parametrize(("command", "words"), COMMANDS)
def test_how_compose_takes_a_command_apart(command: str, words: tuple[str, ...]) -> None:
    assert split(command) == words


@pytest.mark.parametrize(
    "command", [*REFUSED, "a)", "a; b", "a && b", "a | b", "a > b", "a 2>b", "<a", r"a\nb", r'"\t"']
)
def test_what_compose_drops_or_refuses_is_refused(command: str) -> None:
    with pytest.raises(SpecError, match="cannot read"):
        split(command)


def test_docker_compose_itself_reads_so(tmp_path: Path) -> None:
    argv = ["a b", "it's", "$HOME", "\\n", "\n", '"', "", "(;`", "é"]
    commands = [*((command, list(words)) for command, words in COMMANDS), (joined(argv), argv)]
    services = {f"s{at}": {"image": "x", "command": escaped(command)} for at, (command, _) in enumerate(commands)}
    file = tmp_path / "compose.yaml"
    file.write_text(to_yaml({"services": services}))
    found = as_docker_reads(file, {})["services"]
    assert [found[f"s{at}"]["command"] for at in range(len(commands))] == [words for _, words in commands]
