from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from remuda.spec.yaml_text import text, to_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
DATA = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=12),
    min_size=1,
)


def read(written: str, version: tuple[int, int]) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    return yaml.load(written)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
@given(data=DATA)
def test_what_is_written_reads_back_the_same_in_both_versions(version: tuple[int, int], data: dict[str, Any]) -> None:
    assert read(to_yaml(data), version) == data


@pytest.mark.parametrize("word", ["on", "No", "NULL", "1.5", "1e3", "0x1f", "12:30", "~", "", "- a", "a: b", "a #b"])
def test_a_text_that_could_be_something_else_is_quoted(word: str) -> None:
    assert text(word).startswith('"')


def test_the_shape_of_a_file() -> None:
    data = {"a": {"b": ["x", {"c": 1, "d": []}, [1, 2]]}, "e": {}, "f": None}
    expected = "# two\n# lines\na:\n  b:\n    - x\n    - c: 1\n      d: []\n    - - 1\n      - 2\ne: {}\nf: null\n"
    assert to_yaml(data, comment="two\nlines") == expected
