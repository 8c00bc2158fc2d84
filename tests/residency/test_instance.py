from __future__ import annotations

import itertools

import pytest

from remuda.errors import InternalError
from remuda.residency.instance import Instance
from remuda.residency.policy import Resident
from remuda.residency.states import TRANSITIONS, State


@pytest.mark.parametrize(("old", "new"), list(itertools.product(State, State)))
def test_only_the_changes_of_the_table_are_possible(old: State, new: State) -> None:
    instance = Instance(Resident("a"), state=old)
    if (old, new) in TRANSITIONS:
        instance.move(new, now=7.0)
        assert (instance.state, instance.since) == (new, 7.0)
    else:
        with pytest.raises(InternalError, match=f"instance of `a` cannot go from {old} to {new}"):
            instance.move(new, now=7.0)


@pytest.mark.parametrize(
    ("instance", "busy", "staying", "expires_at"),
    [
        (Instance(Resident("a", ttl_s=5.0)), False, False, None),
        (Instance(Resident("a", ttl_s=5.0), State.STARTING), True, True, None),
        (Instance(Resident("a", ttl_s=5.0), State.READY, in_flight=1), True, True, None),
        (Instance(Resident("a", ttl_s=5.0), State.READY, idle_since=2.0), False, True, 7.0),
        (Instance(Resident("a"), State.READY, idle_since=2.0), False, True, None),
        (Instance(Resident("a", ttl_s=5.0), State.DRAINING, idle_since=2.0), False, True, None),
        (Instance(Resident("a"), State.DRAINING, in_flight=1, leaving="asked"), True, False, None),
        (Instance(Resident("a"), State.STOPPING), False, False, None),
    ],
)
def test_what_follows_from_its_facts(
    instance: Instance, *, busy: bool, staying: bool, expires_at: float | None
) -> None:
    assert (instance.busy, instance.staying, instance.expires_at) == (busy, staying, expires_at)


def test_forgetting_an_attempt_keeps_the_memory_of_the_model() -> None:
    instance = Instance(
        Resident("a"), attempt=3, in_flight=2, idle_since=1.0, last_used=9, leaving="asked", killed=True
    )
    instance.forget()
    assert instance.attempt == 3
    assert instance.last_used == 9
    assert (instance.in_flight, instance.idle_since, instance.leaving, instance.killed) == (0, None, None, False)
