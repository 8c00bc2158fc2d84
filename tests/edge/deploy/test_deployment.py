"""Deployments on a disk, with a fate: whatever happens, all is as before or as asked, and the next run goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from remuda.deploy.tree import Tree, Unit
from remuda.errors import EffectError
from tests.deploy.trees import SYSTEM, service, tree
from tests.edge.deploy.world import BROKEN, At, Died, World

A, B, C = (f"{SYSTEM}/{name}.service" for name in "abc")
ONE = tree({A: service(1), B: service(1, after="a.service"), "etc/x.conf": "1", "prepare!": "1"})
TWO = tree({A: service(2), C: service(2, after="a.service"), "etc/y.conf": "2", "etc/x.conf": "1"})
BAD = tree({A: service(2), C: service(2, after="a.service", more=BROKEN), "etc/x.conf": "3"})
RESTARTED = tree({A: service(1), B: service(3, after="a.service"), "etc/x.conf": "1"})
COUNT = 10_000


@pytest.fixture(autouse=True)
def _hurried_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power fails here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def fail() -> None:
    raise OSError(5, "Input/output error")


def die() -> None:
    raise Died


@dataclass(frozen=True)
class State:
    """What matters of a machine."""

    seen: Mapping[str, str]
    running: Mapping[Unit, str]
    current: int | None
    modes: Mapping[str, int]


def state(world: World) -> State:
    seen = world.seen()
    modes = {place: world.site.real(PurePosixPath(place)).lstat().st_mode for place in seen}
    return State(seen, dict(world.running), world.deployment().store.current(), modes)


async def first(_: World) -> None:
    """Nothing was applied yet; somebody has a file of their own."""


async def applied(world: World) -> None:
    await world.apply(ONE)


async def twice(world: World) -> None:
    await world.apply(ONE)
    await world.apply(TWO)


async def edited(world: World) -> None:
    """Links were replaced, a place is taken, and what is there runs."""
    await world.apply(ONE)
    for place in (A, B, "etc/y.conf"):
        world.site.real(PurePosixPath(place)).unlink(missing_ok=True)
        world.site.real(PurePosixPath(place)).write_text(f"mine: {place}")
    await world.read_units("system")
    world.running = {unit: world.known[unit] for unit in world.running}


async def apply(world: World) -> None:
    await world.apply(TWO, force=True, keep=1)


async def apply_files(world: World) -> None:
    await world.apply(TWO, with_units=False)


async def apply_bad(world: World) -> None:
    await world.apply(BAD)


async def apply_restart(world: World) -> None:
    await world.apply(RESTARTED)


async def roll_back(world: World) -> None:
    deployment = world.deployment()
    lock = deployment.locked()
    try:
        await deployment.recover()
        await deployment.rollback(deployment.earlier(None), force=False)
    finally:
        lock.release()


CASES = {
    "the first apply": (first, apply),
    "a later apply": (applied, apply),
    "an apply that ends in a restart": (applied, apply_restart),
    "an apply of files": (applied, apply_files),
    "an apply over others' files": (edited, apply),
    "a first apply that fails": (first, apply_bad),
    "a later apply that fails": (applied, apply_bad),
    "a rollback": (twice, roll_back),
}


ASKED = {apply_bad: BAD, apply_restart: RESTARTED}


async def worlds(directory: Path, case: str, number: int) -> World:
    before, _ = CASES[case]
    world = World(directory / str(number))
    (world.site.root / "etc").mkdir(parents=True)
    (world.site.root / "etc/foreign.conf").write_text("theirs")
    await before(world)
    return world


async def ends(directory: Path, case: str) -> tuple[State, State, int]:
    """How a case begins, how it ends undisturbed, and in how many operations."""
    world = await worlds(directory, case, COUNT)
    before, counted = state(world), At(0, fail)
    world.fate = counted
    with contextlib.suppress(EffectError):
        await CASES[case][1](world)
    return before, state(world), counted.count


def is_switched_at_once(world: World, *states: Mapping[str, str]) -> bool:
    """Whether the files that all states have are those of one of them; others' files are replaced one by one."""
    seen = world.seen()
    theirs = {place for one in states for place, text in one.items() if text.startswith("mine")}
    common = set.intersection(*(set(one) for one in states)) - theirs
    return {place: seen[place] for place in common} in [{place: one[place] for place in common} for one in states]


@pytest.mark.parametrize("case", CASES)
async def test_killed_at_any_operation_the_next_run_finds_the_old_or_the_new(case: str, tmp_path: Path) -> None:
    before, after, count = await ends(tmp_path, case)
    assert count > 10
    arrived = set()
    for number in range(1, count + 1):
        world = await worlds(tmp_path, case, number)
        world.fate = At(number, die)
        with contextlib.suppress(EffectError), pytest.raises(Died):
            await CASES[case][1](world)
        world.fate = lambda: None
        assert is_switched_at_once(world, before.seen, files(ASKED.get(CASES[case][1], TWO)), after.seen)
        await world.deployment(with_units=case != "an apply of files").recover()
        found = state(world)
        assert found in (before, after), number
        arrived.add(found == after)
        assert world.dangling() == []
        if number % 5:
            continue
        await world.apply(TWO, force=True)
        assert world.running == {
            Unit("system", "a.service"): TWO.files[PurePosixPath(A)],
            Unit("system", "c.service"): TWO.files[PurePosixPath(C)],
        }
        assert world.seen() == {"etc/foreign.conf": "theirs", **files(TWO)}
        assert [*world.site.directory.rglob("*.remuda"), *world.site.directory.glob("journal.json")] == []
    assert arrived == ({True} if before == after else {True, False})


def files(made: Tree) -> dict[str, str]:
    """What is seen of a tree, with what enables its units."""
    placed = {str(path): text for path, text in made.files.items() if path.parts[0] == "etc"}
    wants = {
        str(path.parent / "multi-user.target.wants" / path.name): text
        for path, text in made.files.items()
        if path.suffix == ".service"
    }
    return placed | wants


@pytest.mark.parametrize("case", CASES)
async def test_an_operation_that_fails_leads_back(case: str, tmp_path: Path) -> None:
    before, after, count = await ends(tmp_path, case)
    for number in range(1, count + 1):
        world = await worlds(tmp_path, case, number)
        world.fate = At(number, fail)
        with contextlib.suppress(EffectError, OSError):
            await CASES[case][1](world)
        world.fate = lambda: None
        if world.deployment().store.journal():
            await world.deployment().recover()
        found = state(world)
        assert found in (before, after) or is_told(world, found, after), number
        assert world.dangling() == []


def is_told(world: World, found: State, wanted: State) -> bool:
    """Whether only units are not as they should be, since one could not be stopped or started on the way back."""
    return found.seen == wanted.seen and any(line.startswith("on the way back: ") for line in world.told)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.edge.deploy.test_deployment import CASES, apply_files
from tests.edge.deploy.world import At, World
world = World(Path(sys.argv[1]))
world.fate = At(int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL))
asyncio.run(apply_files(world))
"""


@pytest.mark.parametrize("number", [2, 9, 14, 19, 22, 25])
async def test_killed_by_the_kernel_it_is_the_same(number: int, tmp_path: Path) -> None:
    before, after, count = await ends(tmp_path, "an apply of files")
    assert count > number
    world = await worlds(tmp_path, "an apply of files", number)
    argv = [sys.executable, "-c", KILLED, str(world.site.root), str(number)]
    done = await asyncio.to_thread(
        subprocess.run, argv, cwd=Path(__file__).parents[3], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    lock = world.deployment().locked()
    await world.deployment(with_units=False).recover()
    lock.release()
    assert state(world) in (before, after)
    assert await world.apply(TWO) >= 2
    assert world.seen() == {"etc/foreign.conf": "theirs", **files(TWO)}


async def test_only_what_changed_is_touched_and_in_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert await world.apply(ONE) == 1
    assert world.asked == ["prepare", "read system", "start a.service", "start b.service"]
    assert "  + did it" in world.told
    world.asked.clear()
    assert await world.apply(TWO) == 2
    assert world.asked == ["stop b.service", "read system", "restart a.service", "start c.service"]
    world.asked.clear()
    assert await world.apply(TWO) == 2
    assert world.asked == []
    assert os.access(tmp_path / "etc/remuda/deploy/generations/1/files/prepare", os.X_OK)


async def test_a_unit_that_fails_takes_everything_back_and_is_named_with_its_log(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.apply(ONE)
    running = dict(world.running)
    with pytest.raises(EffectError, match=r"cannot apply generation 2: cannot start `c.service`; generation 1 is back"):
        await world.apply(BAD)
    assert world.running == running
    assert "  the last line of c.service" in world.told
    store = world.deployment().store
    assert (store.current(), store.failed(2), store.previous()) == (1, "cannot start `c.service`", None)


async def test_who_interrupts_finds_everything_as_before(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.apply(ONE)
    before = state(world)
    started = asyncio.Event()
    act = world.act

    async def hanging(action: object) -> None:
        if not started.is_set():
            started.set()
            await asyncio.Event().wait()
        await act(action)  # type: ignore[arg-type]

    world.act = hanging  # type: ignore[method-assign]
    task = asyncio.create_task(world.apply(TWO))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert state(world) == before
    assert "interrupted: going back" in world.told


async def test_what_somebody_edited_is_named_whole_and_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.apply(ONE)
    (tmp_path / "etc/remuda/deploy/current" / A).write_text("mine")
    (tmp_path / B).unlink()
    (tmp_path / "etc/y.conf").write_text("theirs")
    before = state(world)
    with pytest.raises(EffectError) as refused:
        await world.apply(TWO)
    assert "a.service` was edited" in refused.value.message
    assert "y.conf` is somebody else's" in refused.value.message
    assert state(world) == before
    assert await world.apply(TWO, force=True) == 2
    kept = tmp_path / "etc/remuda/deploy/generations/2/displaced/etc/y.conf"
    assert kept.read_text() == "theirs"
    (tmp_path / "etc/x.conf").unlink()
    (tmp_path / "etc/x.conf").mkdir()
    with pytest.raises(EffectError, match="is neither a file nor a link"):
        await world.apply(ONE, force=True)


async def test_generations_can_be_gone_back_and_forth_and_old_ones_go(tmp_path: Path) -> None:
    world = World(tmp_path)
    for version in range(1, 6):
        await world.apply(tree({A: service(version)}), keep=3)
    deployment = world.deployment()
    assert deployment.store.numbers() == [3, 4, 5]
    await deployment.rollback(deployment.earlier(None), force=False)
    assert deployment.store.current() == 4
    await deployment.rollback(deployment.earlier(5), force=False)
    assert deployment.store.current() == 5
    await deployment.rollback(deployment.earlier(3), force=False)
    assert deployment.store.current() == 3
    assert world.running == {Unit("system", "a.service"): service(3)}
    with pytest.raises(EffectError, match="no earlier generation is kept"):
        deployment.earlier(None)
    with pytest.raises(EffectError, match="cannot find generation 1"):
        deployment.earlier(1)
    assert await world.apply(tree({A: service(9)}), keep=1) == 6
    assert deployment.store.numbers() == [5, 6]


async def test_units_are_not_forgotten_by_who_asks_for_files_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.apply(ONE)
    world.fate = lambda: (_ for _ in ()).throw(Died) if world.asked[-1:] == ["restart a.service"] else None
    with pytest.raises(Died):
        await world.apply(TWO)
    world.fate = lambda: None
    with pytest.raises(EffectError, match="cannot end the deployment of generation 2"):
        await world.apply(TWO, with_units=False)
    await world.apply(TWO)
    assert "a deployment of generation 2 was interrupted: going back to generation 1" in world.told


async def test_two_do_not_deploy_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    lock = world.deployment().locked()
    with pytest.raises(EffectError, match=f"the process {os.getpid()} does so"):
        await world.apply(ONE)
    lock.release()
    await world.apply(ONE)
