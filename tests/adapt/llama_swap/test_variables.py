from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.llama_swap import variables
from remuda.spec.reference import Placeholder, Reference, parse

PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ue000\ue001\ue002\ue003"), max_size=8)


@given(st.lists(PLAIN | st.sampled_from(("${env.A}", "${PORT}")), max_size=5))
def test_the_fleet_file_reads_the_same_parts(parts: list[str]) -> None:
    text = "".join(parts)
    found = parse(variables.referring(variables.later(variables.marked(text))))
    kinds = {"env": "${env.A}", "PORT": "${PORT}"}
    said = (kinds[p.kind] if isinstance(p, Reference) else str(p) if isinstance(p, Placeholder) else p for p in found)
    assert "".join(said) == text


@given(PLAIN)
def test_a_mark_is_as_long_as_what_it_stands_for(text: str) -> None:
    whole = f"{text}${{env.NAME_1}}{text}"
    assert len(variables.marked(whole)) == len(whole)
    assert variables.names(variables.marked(whole))[-1:] == ("NAME_1",)
    assert variables.shown(variables.marked(whole)) == whole


@pytest.mark.parametrize("text", ["${env.}", "${env.1A}", "${env:A}", "${ENV.A}", "${env.A"])
def test_anything_else_is_no_variable(text: str) -> None:
    assert variables.marked(text) == text


def test_a_value_takes_the_place_of_its_mark() -> None:
    marked = variables.marked("${env.A} ${env.AB}")
    assert variables.shown(variables.with_value(marked, "A", "a b")) == "a b ${env.AB}"
