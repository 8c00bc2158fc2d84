from __future__ import annotations

from dataclasses import replace

import pytest

from remuda.residency.commands import RefusalKind
from remuda.residency.events import Foreign
from remuda.residency.herd import Herd
from remuda.residency.objection import Objection, objection
from remuda.residency.policy import Retry
from tests.residency.playbook import BROKEN, make_policy

NOW = 100.0


def herd(*up: str, budget: int = 4, **claims: int) -> Herd:
    policy = make_policy(claims, budget, max_wait_s=60.0)
    made = Herd(replace(policy, capacity={"gpu": budget}))
    for model in up:
        made.start(made.instances[model], NOW)
    return made


def against(made: Herd, model: str) -> Objection | None:
    return objection(made.picture(NOW), model)


def kind(made: Herd, model: str) -> RefusalKind | None:
    found = against(made, model)
    return found.kind if found else None


def test_nothing_is_against_a_model_for_which_others_can_be_made_to_go() -> None:
    assert against(herd("a", a=4, b=4), "b") is None


def test_what_the_fleet_has_not_or_has_no_device_for() -> None:
    made = herd(a=5, b=1)
    assert kind(made, "x") is RefusalKind.REMOVED
    assert kind(made, "a") is RefusalKind.CANNOT_FIT
    made.ledger.lent["gpu"] = "a game"
    assert kind(made, "b") is RefusalKind.YIELDED


@pytest.mark.parametrize(
    ("failures", "kind", "retry_after_s"),
    [
        (1, None, None),
        (2, RefusalKind.BACKING_OFF, 1.0),
        (3, RefusalKind.BACKING_OFF, 2.0),
        (5, RefusalKind.GIVEN_UP, None),
    ],
)
def test_what_has_failed_is_held_up_and_then_given_up(
    failures: int, kind: RefusalKind | None, retry_after_s: float | None
) -> None:
    made = herd(a=1)
    for _ in range(failures):
        made.instances["a"].failures.add(BROKEN, NOW, Retry())
    found = against(made, "a")
    assert (found and found.kind, found and found.retry_after_s) == (kind, retry_after_s)
    assert found is None or found.failure is BROKEN


def test_what_other_programs_use_is_told_with_their_name() -> None:
    made = herd(a=3)
    made.ledger.observe({"gpu": Foreign(2, "a game")})
    found = against(made, "a")
    assert found
    assert (found.kind, "`a game`" in found.message) == (RefusalKind.HELD, True)


@pytest.mark.parametrize(
    ("until", "objects", "retry_after_s"),
    [(NOW + 60.0, False, None), (NOW + 61.0, True, 61.0), (None, True, None)],
    ids=["it ends soon enough", "it ends too late", "nobody knows"],
)
def test_a_lease_is_waited_for_as_long_as_anybody_waits(
    until: float | None, *, objects: bool, retry_after_s: float | None
) -> None:
    made = herd("a", a=4, b=4)
    made.leases.put("mine", "a", until)
    found = against(made, "b")
    assert (found is not None) is objects
    assert found is None or (found.kind, found.retry_after_s) == (RefusalKind.HELD, retry_after_s)


def test_the_end_of_the_lease_that_makes_enough_room_counts() -> None:
    made = herd("a", "b", a=2, b=2, c=4, d=2)
    made.leases.put("soon", "a", NOW + 10.0)
    made.leases.put("late", "b", NOW + 90.0)
    assert against(made, "d") is None
    found = against(made, "c")
    assert found
    assert found.retry_after_s == 90.0
