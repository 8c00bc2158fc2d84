import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.compose.variables import Variables, in_fleet, is_secret, mark
from remuda.spec.reference import Reference, parse


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "TOKEN", "VLLM_API_KEY", "key", "MY_SECRET", "DB_PASSWORD", "CREDENTIALS"]
)
def test_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["MAX_TOKENS", "KEY_DIR", "MONKEY", "TOKENIZER", "SECRET_FILE", "PORT"])
def test_no_secrets(name: str) -> None:
    assert not is_secret(name)


def test_own_variables_come_over_those_of_dot_env() -> None:
    variables = Variables({"A": "own", "E_KEY": ""}, {"A": "file", "B": "file", "T_TOKEN": "t"})
    assert [variables.plain(name) for name in ("A", "B", "T_TOKEN", "NO")] == ["own", "file", "t", None]
    assert [variables.discreet(name) for name in ("A", "E_KEY", "T_TOKEN")] == ["own", "", mark("T_TOKEN")]


@given(
    st.lists(st.one_of(st.text(st.characters(exclude_characters="\0")), st.sampled_from(["$", "$$", "${", "{", "a$"])))
)
def test_marks_become_references_and_all_else_stays_itself(texts: list[str]) -> None:
    text = mark("X_KEY").join(texts)
    parts = parse(in_fleet(text))
    assert "".join(mark(part.name, part.kind) if isinstance(part, Reference) else str(part) for part in parts) == text
