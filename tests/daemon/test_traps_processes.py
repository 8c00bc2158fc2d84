"""Traps about processes that the peers fell into, each by name, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remuda.daemon.launcher import Launcher, StartError
from remuda.daemon.runtimes import Running
from remuda.edge import process, readiness
from remuda.edge.process_table import stat
from remuda.edge.records import Records
from remuda.engines import ENGINES
from remuda.engines.contract import FailureKind
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.plan.plan import Instance, decide
from remuda.residency.events import InstanceFailed, InstanceReady, InstanceStopped
from tests.daemon.fleet_of_fakes import FAKE, World, fake, launcher, places

WORKER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def is_alive(pid: int) -> bool:
    found = stat(pid)
    return found is not None and not found.is_zombie


def children(directory: Path) -> list[int]:
    """The workers of a fake engine, from its log."""
    lines = places(directory).log("fake").read_text().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("child ")]


@pytest.mark.parametrize("kill", [False, True])
async def test_trap_32_nothing_of_an_engine_survives_behind_a_shell_and_its_workers(
    tmp_path: Path, *, kill: bool
) -> None:
    script = f"{sys.executable} {FAKE} --any-model --port ${{PORT}} --children 2; true"
    world = World(tmp_path, Instance("fake", "fake", "command", "process", cmd=("sh", "-c", script)))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    workers = children(tmp_path)
    assert len(workers) == 2
    assert all(map(is_alive, workers))
    world.instances.stop("fake", reason="test", kill=kill)
    await world.event(InstanceStopped)
    assert not any(map(is_alive, workers))


A_DAEMON = """
import asyncio, sys
from pathlib import Path
from remuda.residency.events import InstanceReady
from tests.daemon.fleet_of_fakes import World, fake

async def main():
    world = World(Path(sys.argv[1]), fake("--children", "2"))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    print("up", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_trap_33_workers_whose_engine_died_while_no_daemon_watched_are_ended_by_the_next(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"}
    argv = [sys.executable, "-c", A_DAEMON, str(tmp_path)]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE) as daemon:  # noqa: ASYNC220
        assert daemon.stdout is not None
        assert await asyncio.to_thread(daemon.stdout.readline) == b"up\n"
        daemon.kill()
    workers = children(tmp_path)
    (record,) = Records(places(tmp_path).instances).load()
    os.kill(record.identity.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        while record.identity.is_alive:
            await asyncio.sleep(0.01)
    assert len(workers) == 2
    assert all(map(is_alive, workers))
    world = World(tmp_path, fake("--children", "2"))
    await world.instances.take_over()
    assert world.events.empty()
    assert not any(map(is_alive, workers))
    assert Records(places(tmp_path).instances).load() == []


def test_trap_34_a_zombie_is_not_alive(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    found = stat(child.pid)
    assert found is not None
    os.kill(child.pid, 0)
    assert not process.Identity(child.pid, found.started_ticks, process.boot_id()).is_alive
    child.wait()


async def test_trap_36_the_end_is_seen_although_a_grandchild_holds_the_output(tmp_path: Path) -> None:
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {WORKER!r}]).pid, flush=True)"
    log = tmp_path / "log"
    argv = [sys.executable, "-c", code]
    started = process.spawn(argv, environment=os.environ, directory=tmp_path, log=log)
    async with asyncio.timeout(20):
        assert await started.exited == 0
    grandchild = int(log.read_text())
    assert is_alive(grandchild)
    await started.sweep()
    assert not is_alive(grandchild)


async def test_trap_37_how_long_an_engine_may_take_to_end_is_its_own_and_not_that_of_its_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ENGINES["command"], "STOP_GRACE_S", 0.2)
    world = World(tmp_path, fake("--ignore-sigterm"))
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    world.instances.stop("fake", reason="test", kill=False)
    async with asyncio.timeout(5):
        await world.event(InstanceStopped)


async def test_trap_38_an_engine_that_exits_with_0_unasked_has_failed(tmp_path: Path) -> None:
    world = World(tmp_path, fake())
    world.instances.start("fake", 1)
    await world.event(InstanceReady)
    os.kill(world.instances.pid("fake") or 0, signal.SIGTERM)
    failed = await world.event(InstanceFailed)
    assert failed.failure.kind is FailureKind.EXITED
    assert "status 0 although nobody asked" in failed.failure.message


async def test_trap_39_an_early_end_fails_at_once_and_the_reason_of_every_attempt_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--fail", "weights", "--late-bind"))
    for number in range(1, 4):
        world.instances.start("fake", number)
        async with asyncio.timeout(10):
            assert (await world.event(InstanceFailed)).failure.kind is FailureKind.MISSING_WEIGHTS
    kept = world.instances.history("fake")
    assert [ended.log for ended in kept] == [3, 2, 1]
    assert {ended.failure for ended in kept} == {"missing_weights"}
    assert all(ended.last_lines for ended in kept)


async def test_trap_40_a_load_that_takes_longer_than_any_silence_may_last_is_not_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "STALL_FLOOR_S", 0.5)
    chatter = "import time\nfor n in range(30):\n    print('shard', n, flush=True); time.sleep(0.1)\n"
    script = f'{sys.executable} -c "{chatter}" & exec {sys.executable} {FAKE} --port $0 --late-bind --load-seconds 2'
    instance = Instance("fake", "fake", "command", "process", cmd=("sh", "-c", script, "${PORT}"))
    running, _ = await launcher(tmp_path).launch(instance, 1, lambda _running, _endpoint: None)
    await running.stop(signal.SIGKILL, 0)


async def test_trap_41_what_answers_on_the_port_has_to_be_the_engine_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = World(tmp_path, fake())
    other.instances.start("fake", 1)
    await other.event(InstanceReady)
    port = other.instances.endpoint("fake").port
    monkeypatch.setattr("remuda.edge.ports.free_port", lambda _host: port)
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
    instance = Instance("real", "real", "llama-cpp", "process", model="x.gguf")
    spawned: list[Running] = []
    starting = Launcher({"real": sleeper}, places(tmp_path), tmp_path, os.environ)
    with pytest.raises(StartError) as raised:
        await starting.launch(instance, 1, lambda running, _endpoint: spawned.append(running))
    assert raised.value.failure.kind is FailureKind.PORT_TAKEN
    assert [running.members() for running in spawned] == [[], [], []]
    other.instances.stop("fake", reason="test", kill=True)
    await other.event(InstanceStopped)


async def test_trap_42_an_engine_can_be_killed_while_it_loads(tmp_path: Path) -> None:
    world = World(tmp_path, fake("--load-seconds", "60", "--ignore-sigterm", "--children", "1"))
    world.instances.start("fake", 1)
    async with asyncio.timeout(20):
        while not places(tmp_path).log("fake").exists() or not children(tmp_path):
            await asyncio.sleep(0.01)
    world.instances.stop("fake", reason="test", kill=True)
    async with asyncio.timeout(5):
        await world.event(InstanceStopped)
    assert not any(map(is_alive, children(tmp_path)))


def test_trap_44_a_device_is_named_by_what_never_changes() -> None:
    cards = tuple(Device(f"cuda{n}", "GPU", 2**34, 2**34, uuid=f"GPU-{n}{n}") for n in range(2))
    fleet, _, _ = load_fleet("models: {m-1b-cuda1: {engine: vllm, model: a/b, devices: [cuda1]}}\n", "remuda.yaml")
    (instance,) = decide(fleet, Host(cards)).instances.values()
    assert instance.visible == {"CUDA_VISIBLE_DEVICES": "GPU-11", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def test_trap_45_the_daemon_never_touches_a_gpu_itself() -> None:
    code = (
        "import sys, pathlib, remuda.daemon.daemon, remuda.edge.probes.host as probe; probe.probe_host(); "
        "maps = pathlib.Path('/proc/self/maps').read_text(); "
        "print([name for name in ('torch', 'xllamacpp', 'cupy', 'vllm') if name in sys.modules], "
        "[name for name in ('libcuda', 'libamdhip', 'libhsa') if name in maps])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout == "[] []\n"
