import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remuda.daemon import memory as memory_module
from remuda.daemon.memory import Ears, Memory, with_reserve
from remuda.daemon.release import Held, Released
from remuda.edge.peaks import Peaks
from remuda.edge.probes.memory import machine_probe
from remuda.plan.plan import Instance
from tests.daemon.engines_on_gpus import Machine, instance
from tests.edge.probes.fake_nvml import GIB, MIB, Gpu, Listed

BUDGET = {"cuda0": 23 * GIB}
M = instance("m")
N = instance("n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


async def sample(machine: Machine) -> None:
    """What `keep` does every five seconds."""
    await machine.memory.calibrate()


async def test_an_engine_that_is_ready_teaches_what_it_needs(machine: Machine) -> None:
    machine.start(M, 7, 4 * GIB)
    machine.memory.ready("m")
    await sample(machine)
    assert machine.memory.used_bytes("m") == machine.memory.peak_bytes("m") == {"cuda0": 4 * GIB}
    assert machine.measured == ["m"]
    assert machine.memory.claims_for(M, BUDGET) == {"cuda0": with_reserve(4 * GIB)}


async def test_the_next_daemon_knows_what_the_last_one_learned(machine: Machine) -> None:
    machine.start(M, 7, 4 * GIB)
    machine.memory.ready("m")
    await sample(machine)
    await machine.memory.close()
    assert machine.daemon().claims_for(M, BUDGET) == {"cuda0": with_reserve(4 * GIB)}
    assert machine.daemon().claims_for(N, BUDGET) is None


async def test_an_engine_that_never_became_ready_teaches_nothing(machine: Machine) -> None:
    machine.start(M, 7, 4 * GIB)
    await sample(machine)
    machine.end("m")
    await machine.memory.released("m")
    assert machine.memory.claims_for(M, BUDGET) is None
    assert machine.measured == []


async def test_all_processes_of_an_engine_count_and_no_others(machine: Machine) -> None:
    machine.start(M, 7, 4 * GIB)
    machine.processes["m"].add(8)
    machine.gpus[0].run(8, GIB)
    machine.start(N, 20, 2 * GIB)
    machine.gpus[0].run(30, 3 * GIB)
    await sample(machine)
    assert machine.memory.used_bytes("m") == {"cuda0": 5 * GIB}
    assert machine.memory.used_bytes("n") == {"cuda0": 2 * GIB}


async def test_the_reserve_does_not_make_a_model_too_big_that_has_run(machine: Machine) -> None:
    machine.start(M, 7, 22 * GIB)
    machine.memory.ready("m")
    await sample(machine)
    assert machine.memory.claims_for(M, {"cuda0": 22 * GIB + MIB}) == {"cuda0": 22 * GIB + MIB}
    assert machine.memory.claims_for(M, {"cuda0": 20 * GIB}) == {"cuda0": 22 * GIB}


@pytest.mark.parametrize(("peak", "reserve"), [(100 * MIB, 64 * MIB), (10 * GIB, 512 * MIB), (80 * GIB, GIB)])
def test_the_reserve_is_a_twentieth_within_bounds(peak: int, reserve: int) -> None:
    assert with_reserve(peak) - peak == reserve


async def test_a_model_that_was_not_seen_on_each_of_its_devices_is_not_known(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Gpu(), Gpu())
    both = instance("m", "cuda0", "cuda1")
    machine.start(both, 7)
    machine.memory.ready("m")
    await sample(machine)
    assert machine.memory.claims_for(both, BUDGET) is None
    machine.gpus[1].run(7, 2 * GIB)
    await sample(machine)
    assert machine.memory.claims_for(both, {}) == {"cuda0": with_reserve(GIB), "cuda1": with_reserve(2 * GIB)}


async def test_an_engine_that_is_not_watched_has_released_everything(machine: Machine) -> None:
    assert await machine.memory.released("m") == Released(0.0)
    assert machine.memory.used_bytes("m") == {}


async def test_the_release_of_one_engine_does_not_wait_for_another(machine: Machine) -> None:
    await sample(machine)
    machine.start(M, 7, 4 * GIB)
    machine.start(N, 8, 3 * GIB)
    await sample(machine)
    machine.end("m")
    machine.grow(8, 9 * GIB)
    assert isinstance(await machine.memory.released("m", bound_s=0.5), Released)


async def test_two_engines_that_end_at_once_are_both_waited_for(machine: Machine) -> None:
    await sample(machine)
    machine.start(M, 7, 4 * GIB)
    machine.start(N, 8, 3 * GIB)
    await sample(machine)
    machine.end("m", late_bytes=4 * GIB)
    machine.end("n")
    both = asyncio.gather(machine.memory.released("m", bound_s=30), machine.memory.released("n", bound_s=30))
    await asyncio.sleep(0.05)
    assert not both.done()
    machine.gpus[0].late_bytes = 0
    assert [type(outcome) for outcome in await both] == [Released, Released]


async def test_a_baseline_is_not_taken_while_something_is_being_released(machine: Machine) -> None:
    await sample(machine)
    machine.start(M, 7, 4 * GIB)
    await sample(machine)
    machine.end("m", late_bytes=4 * GIB)
    waiting = asyncio.ensure_future(machine.memory.released("m", bound_s=30))
    await asyncio.sleep(0.02)
    await sample(machine)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    machine.gpus[0].late_bytes = 0
    assert isinstance(await waiting, Released)


async def test_what_was_held_once_is_not_waited_for_again(machine: Machine) -> None:
    await sample(machine)
    machine.start(M, 7, 4 * GIB)
    await sample(machine)
    machine.end("m", late_bytes=4 * GIB)
    assert isinstance(await machine.memory.released("m", bound_s=0.05), Held)
    machine.start(N, 8)
    await sample(machine)
    machine.end("n")
    assert isinstance(await machine.memory.released("n", bound_s=0.05), Released)


async def test_where_the_driver_lists_none_of_our_processes_a_stop_does_not_wait_for_what_others_hold(
    machine: Machine,
) -> None:
    """As in a container, where NVML tells use but no processes."""
    await sample(machine)
    machine.start(M, 7, 0)
    machine.start(N, 8, 0)
    machine.gpus[0].computing.clear()
    machine.gpus[0].unlisted.update({7: 4 * GIB, 8: 3 * GIB})
    await sample(machine)
    machine.end("m")
    assert isinstance(await machine.memory.released("m", bound_s=0.05), Released)
    machine.end("n", late_bytes=GIB)
    assert isinstance(await machine.memory.released("n", bound_s=0.05), Held)


async def test_what_others_use_is_told_when_it_changes(machine: Machine) -> None:
    await sample(machine)
    assert machine.foreign().used_bytes == 400 * MIB
    machine.gpus[0].drawing.append(Listed(1, 2 * GIB))
    await sample(machine)
    machine.gpus[0].drawing[0].usedGpuMemory = 2 * GIB + MIB
    await sample(machine)
    assert [told["cuda0"].used_bytes for told in machine.observed] == [400 * MIB, 400 * MIB + 2 * GIB]
    assert machine.foreign().by == machine_probe().command(1)


async def test_what_others_use_is_not_told_while_an_engine_comes_or_goes(machine: Machine) -> None:
    await sample(machine)
    machine.start(M, 7, 4 * GIB)
    machine.gpus[0].run(30, 3 * GIB)
    await sample(machine)
    assert len(machine.observed) == 1
    machine.memory.ready("m")
    await sample(machine)
    assert machine.foreign().used_bytes == 400 * MIB + 3 * GIB
    machine.end("m", late_bytes=4 * GIB)
    await sample(machine)
    assert len(machine.observed) == 2


async def test_what_cannot_be_written_is_said_and_tried_again(machine: Machine) -> None:
    machine.start(M, 7)
    machine.memory.ready("m")
    await sample(machine)
    machine.path.mkdir()
    (machine.path / "in the way").touch()
    await machine.memory.close()
    assert machine.failed == [f"cannot write what engines need to `{machine.path}`: Is a directory"]
    (machine.path / "in the way").unlink()
    machine.path.rmdir()
    await machine.memory.close()
    assert machine.path.is_file()


@contextlib.asynccontextmanager
async def kept(memory: Memory) -> AsyncIterator[None]:
    task = asyncio.ensure_future(memory.keep())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_engines_are_sampled_and_peaks_written_as_time_goes_by(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOADING_PERIOD_S", "PERIOD_S", "WRITE_PERIOD_S"):
        monkeypatch.setattr(memory_module, name, 0.01)
    machine.start(M, 7, 4 * GIB)
    machine.memory.ready("m")
    async with kept(machine.memory), asyncio.timeout(20):
        while not machine.path.exists():
            await asyncio.sleep(0.01)


async def test_an_engine_is_looked_at_often_only_while_it_loads(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_module, "LOADING_PERIOD_S", 0.01)
    monkeypatch.setattr(memory_module, "PERIOD_S", 600)
    async with kept(machine.memory), asyncio.timeout(20):
        while not machine.observed:  # the sample of all devices that comes first
            await asyncio.sleep(0.01)
        machine.start(M, 7, 4 * GIB)
        while not machine.memory.used_bytes("m"):
            await asyncio.sleep(0.01)
        machine.memory.ready("m")
        await asyncio.sleep(0.1)  # a sample that is under way ends
        machine.grow(7, 5 * GIB)
        await asyncio.sleep(0.1)
    assert machine.memory.used_bytes("m") == {"cuda0": 4 * GIB}


TAKES = "import sys; own = bytearray(150 << 20); print('up', flush=True); del own; sys.stdin.read()"


async def test_an_engine_on_the_cpu_teaches_the_peak_of_its_whole_life(tmp_path: Path) -> None:
    """A real process, which has given up most of its memory before anybody looked."""
    model = Instance("m", "m", "command", "process", cmd=("engine",), devices=("cpu",))
    ears = Ears(lambda _: None, lambda _: None, lambda _: None)
    memory = Memory(machine_probe(), ["cpu"], Peaks(tmp_path / "peaks.json"), lambda _: "key", ears)
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TAKES, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert engine.stdin
    assert engine.stdout
    await engine.stdout.readline()
    memory.watch(model, lambda: [engine.pid])
    memory.ready("m")
    await memory.calibrate()
    engine.stdin.close()
    await engine.wait()
    began = time.monotonic()
    assert isinstance(await memory.released("m"), Released)
    assert time.monotonic() - began < 0.1
    claims = memory.claims_for(model, {})
    assert claims
    assert 150 * MIB + 64 * MIB < claims["cpu"] < 300 * MIB


async def test_an_engine_that_sleeps_keeps_what_its_driver_says_and_is_not_settled_while_it_wakes(
    machine: Machine,
) -> None:
    sleeper = instance("m", asleep_claims={"cuda0": 2 * GIB})
    machine.start(sleeper, 7, 20 * GIB)
    machine.memory.ready("m")
    await sample(machine)
    machine.grow(7, GIB)
    assert await machine.memory.slept("m") == {"cuda0": GIB}
    machine.memory.woken("m")
    told = len(machine.observed)
    machine.grow(7, 12 * GIB)
    await sample(machine)
    assert len(machine.observed) == told
    assert await machine.memory.slept("nobody") == {}
