"""Conversations: steps that are taken or fail, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest

from remuda.deploy import journey
from remuda.deploy.change import Action, change
from remuda.deploy.journey import Act, Journal, Journey, Link, Note, Settle, Step, Switch, Unlink, Ways
from remuda.deploy.tree import EMPTY, Tree, Unit
from tests.deploy.trees import SYSTEM, service, system, tree

CURRENT = PurePosixPath("/store/current")
OLD = tree({f"{SYSTEM}/a.service": service(1), f"{SYSTEM}/b.service": service(1)})
NEW = tree({f"{SYSTEM}/a.service": service(2), f"{SYSTEM}/c.service": service(2, after="a.service"), "prepare!": ""})
RUNNING = frozenset(system("a.service", "b.service"))


def begin(old: Tree, new: Tree, running: frozenset[Unit], *, with_units: bool = True) -> Journey:
    actions = change(old, new, running).actions
    return Journey(Ways(old, new, CURRENT), Journal(4, 5, running, actions), with_units=with_units)


def go(travelled: Journey, fails: Step | None = None) -> list[Step]:
    """The steps to the end, of which one fails once."""
    taken: list[Step] = []
    while (step := travelled.next()) is not None:
        taken.append(step)
        if step == fails:
            assert travelled.failed("it broke")
            fails = None
    return taken


def shown(steps: Sequence[Step]) -> list[str]:
    return [text for step in steps if (text := in_words(step))]


def in_words(step: Step) -> str:
    match step:
        case Act(action):
            return f"{action.verb} {action.unit}"
        case Link(place, _):
            return f"+{place.name}" if "wants" not in str(place) else ""
        case Unlink(place, _):
            return f"-{place.name}" if "wants" not in str(place) else ""
        case Switch(number):
            return f"switch {number}"
        case Note(journal):
            return f"note {journal.begun}" + (" back" if journal.why else "")
        case journey.ReadUnits(manager):
            return f"read {manager}"
        case journey.LookAt(units):
            return f"look {' '.join(map(str, units))}"
        case _:
            return type(step).__name__.lower()


def test_the_way_there() -> None:
    travelled = begin(OLD, NEW, RUNNING)
    assert shown(go(travelled)) == [
        "note 0",
        "+a.service",
        "+c.service",
        "note 1",
        "stop b.service",
        "switch 5",
        "-b.service",
        "prepare",
        "read system",
        "note 2",
        "restart a.service",
        "note 3",
        "start c.service",
        "look a.service c.service",
        "settle",
    ]
    assert not travelled.is_back


def test_the_way_back_undoes_what_was_begun() -> None:
    travelled = begin(OLD, NEW, RUNNING)
    taken = shown(go(travelled, fails=Act(Action("start", Unit("system", "c.service")))))
    assert taken[taken.index("start c.service") + 1 :] == [
        "note 3 back",
        "stop c.service",
        "+a.service",
        "+b.service",
        "switch 4",
        "-c.service",
        "read system",
        "restart a.service",
        "restart b.service",
        "settle",
    ]
    assert travelled.is_back
    assert travelled.journal.why == "it broke"


def test_units_that_nothing_was_asked_of_are_left_alone_on_the_way_back() -> None:
    taken = shown(
        go(begin(OLD, NEW, RUNNING), fails=Link(PurePosixPath(f"{SYSTEM}/c.service"), f"{CURRENT}/{SYSTEM}/c.service"))
    )
    assert not [step for step in taken if step.startswith(("restart", "start", "stop"))]
    assert taken[-1] == "settle"


def test_what_was_only_reloaded_is_reloaded_again() -> None:
    unit = Unit("system", "a.service")
    journal = Journal(4, 5, frozenset({unit}), (Action("reload", unit),), begun=1)
    travelled = Journey(Ways(OLD, OLD, CURRENT), journal, with_units=True)
    travelled.turn("it was interrupted")
    assert "reload a.service" in shown(go(travelled))


def test_a_unit_that_fails_on_the_way_back_does_not_end_it_but_a_file_does() -> None:
    travelled = begin(OLD, NEW, RUNNING)
    go(travelled, fails=Act(Action("start", Unit("system", "c.service"))))
    travelled.turn("again")
    outcomes = {}
    while (step := travelled.next()) is not None:
        if isinstance(step, Act | Switch):
            outcomes[type(step)] = travelled.failed("worse")
    assert outcomes == {Act: True, Switch: False}
    assert set(travelled.trouble) == {"worse"}


def test_without_units_there_are_only_files() -> None:
    steps = go(begin(OLD, NEW, RUNNING, with_units=False))
    assert not [step for step in steps if isinstance(step, Act | journey.ReadUnits | journey.Prepare | journey.LookAt)]
    assert isinstance(steps[-1], Settle)


def test_from_nothing_and_back_to_nothing() -> None:
    travelled = Journey(Ways(EMPTY, NEW, CURRENT), Journal(None, 1), with_units=False)
    travelled.turn("it was interrupted")
    assert shown(go(travelled)) == ["note 0 back", "switch None", "-a.service", "-c.service", "settle"]


def test_others_files_are_kept_first_and_put_back_last() -> None:
    place = PurePosixPath(f"{SYSTEM}/a.service")
    travelled = Journey(Ways(OLD, NEW, CURRENT), Journal(4, 5, displaced=(str(place),)), with_units=False)
    assert go(travelled)[1] == journey.Displace(place)
    travelled.turn("it was interrupted")
    back = go(travelled)
    assert journey.Restore(place) in back
    assert Link(place, f"{CURRENT}/{place}") not in back


@pytest.mark.parametrize(
    ("begun", "running", "why", "expected"),
    [(3, "a", None, True), (2, "a c", None, False), (3, "c", None, False), (3, "a c", "it broke", False)],
)
def test_what_was_interrupted_at_the_very_end_has_arrived(
    begun: int, running: str, why: str | None, *, expected: bool
) -> None:
    actions = change(OLD, NEW, RUNNING).actions
    up = set(system(*(f"{name}.service" for name in running.split())))
    travelled = Journey(Ways(OLD, NEW, CURRENT), Journal(4, 5, RUNNING, actions, begun, why=why), with_units=True)
    assert travelled.has_arrived(up) is expected


def test_nobody_looks_at_what_runs_on_demand() -> None:
    old, new = (tree({f"{SYSTEM}/a.service": service(version, wanted=False)}) for version in (1, 2))
    travelled = begin(old, new, frozenset(system("a.service")))
    taken = shown(go(travelled))
    assert "restart a.service" in taken
    assert "look a.service" not in taken
    assert travelled.has_arrived(set())


def test_arriving_is_only_tidying_up_and_what_nobody_saw_end() -> None:
    actions = change(OLD, NEW, RUNNING).actions
    travelled = Journey(Ways(OLD, NEW, CURRENT), Journal(4, 5, RUNNING, actions, len(actions)), with_units=True)
    travelled.arrive()
    assert shown(go(travelled)) == ["switch 5", "-b.service", "prepare", "read system", "start c.service", "settle"]
