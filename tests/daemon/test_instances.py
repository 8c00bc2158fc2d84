import asyncio
import os
import signal
from pathlib import Path

from remuda.daemon import report
from remuda.edge import readiness
from remuda.engines.contract import FailureKind, Readiness
from remuda.plan.plan import Instance
from remuda.residency.events import InstanceAdopted, InstanceFailed, InstanceReady, InstanceStopped
from tests.daemon.fleet_of_fakes import World, fake, places


async def test_a_start_ends_in_ready_and_a_stop_in_stopped(tmp_path: Path) -> None:
    world = World(tmp_path, fake())
    world.instances.start("fake", 1)
    assert await world.event(InstanceReady) == InstanceReady("fake", 1)
    assert world.instances.pid("fake")
    assert world.instances.address("fake")
    world.instances.stop("fake", reason="test", kill=False)
    assert await world.event(InstanceStopped) == InstanceStopped("fake", 1)
    assert world.instances.pid("fake") is None
    assert [type(what) for what in world.reports] == [report.Starting, report.Ready, report.Stopping, report.Stopped]


async def test_an_instance_that_dies_after_it_was_ready_has_failed(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--children", "2"))
    world.instances.start("fake", 3)
    await world.event(InstanceReady)
    os.kill(world.instances.pid("fake") or 0, signal.SIGKILL)
    failed = await world.event(InstanceFailed)
    assert (failed.attempt, failed.failure.kind) == (3, FailureKind.KILLED)


async def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--fail", "oom"))
    world.instances.start("fake", 1)
    assert (await world.event(InstanceFailed)).failure.kind is FailureKind.OUT_OF_MEMORY


async def test_an_instance_that_is_still_starting_can_be_stopped(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--load-seconds", "60"))
    world.instances.start("fake", 1)
    await asyncio.sleep(0.1)
    pid = world.instances.pid("fake")
    assert pid
    world.instances.stop("fake", reason="test", kill=False)
    assert await world.event(InstanceStopped) == InstanceStopped("fake", 1)
    assert not Path(f"/proc/{pid}").exists()


async def test_who_loses_patience_with_a_stop_gets_one_answer(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--ignore-sigterm"))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    world.instances.stop("fake", reason="test", kill=False)
    world.instances.stop("fake", reason="test", kill=True)
    async with asyncio.timeout(5):
        assert await world.event(InstanceStopped) == InstanceStopped("fake", 1)
    await asyncio.sleep(0.1)
    assert world.events.empty()


async def test_a_new_daemon_adopts_what_fits_and_ends_what_does_not(tmp_path: Path) -> None:
    old = World(tmp_path, fake(model_id="kept"), fake(model_id="changed"), fake(model_id="removed"))
    for number, model in enumerate(("kept", "changed", "removed"), 1):
        old.instances.start(model, number)
        await old.event(InstanceReady)
    pids = {model: old.instances.pid(model) for model in ("kept", "changed", "removed")}
    new = World(tmp_path, fake(model_id="kept"), fake("--tokens", "9", model_id="changed"))
    await new.instances.take_over()
    assert await new.event(InstanceAdopted) == InstanceAdopted("kept", 1)
    assert new.events.empty()
    assert new.instances.pid("kept") == pids["kept"]
    for model in ("changed", "removed"):
        assert (await old.event(InstanceFailed)).failure.kind is FailureKind.KILLED, model
    new.instances.stop("kept", reason="test", kill=False)
    await new.event(InstanceStopped)


async def test_an_external_server_is_ready_when_it_answers_and_failed_when_it_does_not(tmp_path: Path) -> None:
    world = World(tmp_path, fake())
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    address = world.instances.address("fake")
    outside = World(
        tmp_path / "outside",
        Instance("up", "up", "command", "external", url=address, ready="/health"),
        Instance("down", "down", "command", "external", url="http://127.0.0.1:9", ready="/health"),
    )
    outside.instances.start("up", 1)
    assert await outside.event(InstanceReady) == InstanceReady("up", 1)
    outside.instances.start("down", 2)
    assert (await outside.event(InstanceFailed)).failure.kind is FailureKind.UNREACHABLE
    outside.instances.stop("up", reason="test", kill=False)
    await outside.event(InstanceStopped)
    assert await readiness.answers(world.instances.endpoint("fake"), Readiness("/health"))
    world.instances.stop("fake", reason="test", kill=True)
    await world.event(InstanceStopped)


async def test_an_engine_that_cannot_be_recorded_does_not_run(tmp_path: Path) -> None:
    world = World(tmp_path, fake())
    places(tmp_path).instances.mkdir()
    world.instances.start("fake", 1)
    failed = await world.event(InstanceFailed)
    assert "cannot record the engine" in failed.failure.message
    assert world.instances.pid("fake") is None
