import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.quoting.llama_swap import split
from remuda.render.llama_swap.text import command, has_macro, quoted, variable
from remuda.render.starting import PORT
from remuda.spec.reference import Reference
from remuda.spec.yaml_text import to_yaml
from tests.render.llama_swap import reader

NASTY = st.sampled_from(
    ["${PORT}", "${PID}", "${env.HOME}", "${", "$", "{", "\n", "\n#", "\\\n", "\\", "'", '"', " ", "#"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
WORDS = st.lists(st.one_of(NASTY, TEXTS), max_size=6).map("".join)


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_any_words_survive_macros_lines_and_the_splitter(words: list[str]) -> None:
    config = to_yaml({"macros": {"PIDS": "x"}, "models": {"a": {"cmd": command(words), "proxy": "http://x"}}})
    assert list(split(reader.load(config, {"HOME": "/root"})["models"]["a"]["cmd"])) == words


def test_the_port_is_a_macro_wherever_it_stands() -> None:
    assert quoted(f"127.0.0.1:{PORT}") == "127.0.0.1:${PORT}"
    assert quoted(f"a b:{PORT}:$") == "'a b:'${PORT}':$'"
    assert quoted("") == "''"


@pytest.mark.parametrize("value", ["${a}", ["x", {"y": "${env.a}"}], {"${a-b}": 1}])
def test_what_would_be_taken_for_a_macro(value: object) -> None:
    assert has_macro(value)


@pytest.mark.parametrize("value", ["$a", "${a:-b}", "${env:A}", "$ {a}", 1, None, ["{a}"]])
def test_what_would_not(value: object) -> None:
    assert not has_macro(value)


def test_a_variable() -> None:
    assert variable(Reference("env", "KEY")) == "${env.KEY}"
