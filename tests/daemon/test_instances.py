import asyncio
import os
import signal
import sys
from pathlib import Path

from remuda.daemon import release, report
from remuda.daemon.release import Released
from remuda.daemon.upkeep import NotWatched
from remuda.edge import readiness
from remuda.edge.process_table import stat
from remuda.engines.contract import FailureKind, Readiness
from remuda.plan.care import Care
from remuda.plan.plan import Instance
from remuda.residency.events import InstanceAdopted, InstanceFailed, InstanceReady, InstanceStopped, MemoryHeld
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
    # How they ended is known to the one of the two, in this one process, that was the first to ask.
    assert {(await old.event(InstanceFailed)).model for _ in range(2)} == {"changed", "removed"}
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


async def test_what_became_of_each_attempt_is_known(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--fail", "oom", model_id="bad"), fake())
    world.instances.start("bad", 1)
    await world.event(InstanceFailed)
    world.instances.start("fake", 2)
    await world.event(InstanceReady)
    world.instances.stop("fake", reason="test", kill=False)
    await world.event(InstanceStopped)
    (failed,), (stopped,) = world.instances.history("bad"), world.instances.history("fake")
    assert (failed.log, failed.failure, failed.ready_s) == (1, "out_of_memory", None)
    assert any("out of memory" in line for line in failed.last_lines)
    assert (stopped.log, stopped.failure, stopped.reason) == (1, None, "test")
    assert stopped.ready_s is not None
    assert stopped.ready_s <= stopped.lasted_s


async def test_an_engine_that_hangs_is_ended_and_has_failed(tmp_path: Path) -> None:
    world = World(tmp_path, fake(care=Care(health_timeout_s=0.4)))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    pid = world.instances.pid("fake") or 0
    os.kill(pid, signal.SIGSTOP)
    failed = await world.event(InstanceFailed)
    assert failed.failure.kind is FailureKind.STALLED
    assert "for 0.4 s it answered nothing" in failed.failure.message
    assert stat(pid) is None


async def test_an_engine_that_is_ready_and_answers_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--health", "200", care=Care(health_timeout_s=0.3)))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    await asyncio.sleep(1)
    assert world.events.empty()
    world.instances.stop("fake", reason="test", kill=True)
    await world.event(InstanceStopped)


class Held(NotWatched):
    """Memory that does not come back."""

    async def released(self, model: str) -> Released | release.Held:
        return release.Held(10, (release.Kept("cuda0", 5, ("`zombie` (pid 7)",)),))


async def test_memory_that_does_not_come_back_is_told_before_the_end(tmp_path: Path) -> None:
    world = World(tmp_path, fake(), upkeep=Held())
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    world.instances.stop("fake", reason="test", kill=False)
    assert await world.event(MemoryHeld) == MemoryHeld("fake", 1, "cuda0", 5, "`zombie` (pid 7)")
    assert await world.event(InstanceStopped) == InstanceStopped("fake", 1)
    assert any("zombie" in what.message for what in world.reports if isinstance(what, report.MemoryKept))


async def test_a_changed_fleet_holds_for_the_next_start_and_what_need_not_change_goes_by_it(tmp_path: Path) -> None:
    world = World(tmp_path, fake(model_id="same"), fake(model_id="other"))
    for number, model in enumerate(("same", "other"), 1):
        world.instances.start(model, number)
        await world.event(InstanceReady)
    hooks = Care(hooks={"after_unload": ("touch", "unloaded")})
    world.instances.replace({"same": fake(model_id="same", care=hooks)})
    world.instances.stop("same", reason="test", kill=True)
    await world.event(InstanceStopped)
    assert (tmp_path / "unloaded").exists()
    world.instances.stop("other", reason="gone from the fleet", kill=False)
    assert await world.event(InstanceStopped) == InstanceStopped("other", 2)
    assert list(world.instances.planned) == ["same"]


async def test_progress_is_told_while_an_engine_starts(tmp_path: Path) -> None:
    """The line is one of llama.cpp's; the program that prints it is not."""
    line = "load_tensors: loading model tensors, this can take a while... (mmap = true)"
    program = (sys.executable, "-c", f"import time; print({line!r}, flush=True); time.sleep(60)")
    instance = Instance("slow", "slow", "llama-cpp", "process", model="x.gguf")
    world = World(tmp_path, instance, programs={"slow": program})
    world.instances.start("slow", 1)
    async with asyncio.timeout(20):
        while world.instances.progress("slow") is None:
            await asyncio.sleep(0.01)
    assert "load" in (world.instances.progress("slow") or "")
    world.instances.stop("slow", reason="test", kill=True)
    await world.event(InstanceStopped)
    assert world.instances.progress("slow") is None
