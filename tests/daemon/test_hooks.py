"""Hooks around the life of real processes."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from remuda.daemon import report
from remuda.daemon.hooks import HookError, Hooks
from remuda.edge.process_table import stat
from remuda.engines.contract import FailureKind
from remuda.plan.care import Care
from remuda.residency.events import InstanceFailed, InstanceReady, InstanceStopped
from tests.daemon.fleet_of_fakes import World, fake, launcher, places


def care(**hooks: str) -> Care:
    return Care(hooks={name: ("sh", "-c", script) for name, script in hooks.items()}, hook_timeout_s=20)


def noted(name: str) -> str:
    return f"echo {name} $REMUDA_HOOK $REMUDA_MODEL >> hooks.txt"


ALL = {name: noted(name) for name in ("before_load", "after_load", "before_unload", "after_unload")}


def is_alive(pid: int) -> bool:
    found = stat(pid)
    return found is not None and not found.is_zombie


def lines(directory: Path) -> list[str]:
    return [line.split()[0] for line in (directory / "hooks.txt").read_text().splitlines()]


async def test_hooks_run_around_the_life_of_an_instance(tmp_path: Path) -> None:
    world = World(tmp_path, fake(care=care(**ALL)))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    assert lines(tmp_path) == ["before_load", "after_load"]
    world.instances.stop("fake", reason="test", kill=False)
    await world.event(InstanceStopped)
    assert lines(tmp_path) == ["before_load", "after_load", "before_unload", "after_unload"]
    assert (tmp_path / "hooks.txt").read_text().splitlines()[0] == "before_load before_load fake"


async def test_after_unload_runs_however_an_instance_ends(tmp_path: Path) -> None:
    world = World(tmp_path, fake(care=care(**ALL)))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    os.kill(world.instances.pid("fake") or 0, signal.SIGKILL)
    await world.event(InstanceFailed)
    assert lines(tmp_path) == ["before_load", "after_load", "after_unload"]


async def test_a_failing_before_load_refuses_with_its_output_and_starts_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, fake(care=care(before_load="echo the GPU is taken; exit 3", after_unload=noted("after"))))
    world.instances.start("fake", 1)
    failed = (await world.event(InstanceFailed)).failure
    assert failed.message == "hook `before_load` of `fake` failed with status 3: the GPU is taken"
    assert failed.log_tail == ("the GPU is taken",)
    assert failed.kind is FailureKind.EXITED
    assert not (tmp_path / "hooks.txt").exists()
    assert world.instances.history("fake")[0].log is None


async def test_any_other_hook_that_fails_is_told_and_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, fake(care=care(after_load="exit 1", before_unload="exit 2")))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    world.instances.stop("fake", reason="test", kill=False)
    await world.event(InstanceStopped)
    told = [what.message for what in world.reports if isinstance(what, report.HookFailed)]
    assert told == [
        "hook `after_load` of `fake` failed with status 1",
        "hook `before_unload` of `fake` failed with status 2",
    ]


async def test_a_hook_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    script = "sleep 60 & echo $! > child; echo waiting; wait"
    instance = fake(care=replace(care(before_load=script), hook_timeout_s=0.3))
    with pytest.raises(HookError, match=r"was ended after 0\.3 s") as raised:
        await Hooks(launcher(tmp_path), places(tmp_path)).run("before_load", instance)
    assert raised.value.output == ("waiting",)
    assert not is_alive(int((tmp_path / "child").read_text()))


async def test_a_start_that_is_stopped_ends_its_hook(tmp_path: Path) -> None:
    world = World(tmp_path, fake(care=care(before_load="echo $$$$ > pid; exec sleep 60")))
    world.instances.start("fake", 1)
    async with asyncio.timeout(20):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
    world.instances.stop("fake", reason="test", kill=False)
    await world.event(InstanceStopped)
    assert not is_alive(int((tmp_path / "pid").read_text()))


async def test_placeholders_and_references_are_filled_in(tmp_path: Path) -> None:
    instance = fake(
        care=Care(hooks={"after_load": ("sh", "-c", "echo $0 $1 > said", "${MODEL_ID}:${PORT}", "${env:A}")})
    )
    await Hooks(launcher(tmp_path, A="secret"), places(tmp_path)).run("after_load", instance, 4321)
    assert (tmp_path / "said").read_text() == "fake:4321 secret\n"


async def test_what_a_hook_leaves_in_the_background_goes_on(tmp_path: Path) -> None:
    instance = fake(care=care(before_load="sleep 60 > /dev/null & echo $! > child"))
    await Hooks(launcher(tmp_path), places(tmp_path)).run("before_load", instance)
    pid = int((tmp_path / "child").read_text())
    os.kill(pid, signal.SIGKILL)


async def test_a_hook_that_cannot_be_executed_is_named(tmp_path: Path) -> None:
    instance = fake(care=Care(hooks={"before_load": ("/no/such/hook",)}))
    with pytest.raises(HookError, match="hook `before_load` of `fake`: cannot execute `/no/such/hook`"):
        await Hooks(launcher(tmp_path), places(tmp_path)).run("before_load", instance)
