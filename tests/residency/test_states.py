from __future__ import annotations

from pathlib import Path

import pytest

from remuda.residency.states import TRANSITIONS, State, diagram

PAGE = Path(__file__).parents[2] / "docs/concepts/residency.md"


def test_the_page_holds_exactly_the_diagram_of_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```\n" in PAGE.read_text(encoding="utf-8")


def test_the_diagram_shows_every_transition_once() -> None:
    arrows = [line.partition(":")[0].split() for line in diagram().splitlines()[2:]]
    assert [(old, "-->", new) for old, new in TRANSITIONS] == [tuple(arrow) for arrow in arrows]


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_left(state: State) -> None:
    assert any(new is state for _, new in TRANSITIONS)
    assert any(old is state for old, _ in TRANSITIONS)


@pytest.mark.parametrize("state", [state for state in State if state is not State.STOPPED])
def test_whatever_is_up_can_end_by_itself(state: State) -> None:
    assert (state, State.STOPPED) in TRANSITIONS
