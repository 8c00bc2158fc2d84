"""Traps around the memory of devices, each by name."""

import asyncio
from pathlib import Path

import pytest

from remuda.daemon.release import Held, Released
from remuda.engines.contract import Failure, FailureKind
from remuda.residency.commands import Grant, Stop
from remuda.residency.events import InstanceAdopted, InstanceFailed, RequestArrived, RequestEnded, UnloadAsked
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.daemon.engines_on_gpus import Machine, instance
from tests.edge.probes.fake_nvml import GIB, MIB, Gpu, Listed

M = instance("m")
N = instance("n")
BUDGET = {"cuda0": 23 * GIB}


async def running(machine: Machine, size_bytes: int = 20 * GIB) -> None:
    """An engine that was started on an idle machine and serves."""
    await machine.memory.calibrate()
    machine.start(M, 7, size_bytes)
    machine.memory.ready("m")
    await machine.memory.calibrate()


async def test_trap_48_a_stop_ends_when_the_memory_is_really_back(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await running(machine)
    machine.end("m", late_bytes=20 * GIB)
    waiting = asyncio.ensure_future(machine.memory.released("m", bound_s=30))
    for late_bytes in (20 * GIB, 5 * GIB, GIB, 100 * MIB):  # three quarters of it are not enough
        machine.gpus[0].late_bytes = late_bytes
        await asyncio.sleep(0.05)
        assert not waiting.done()
    machine.gpus[0].late_bytes = 0
    assert isinstance(await waiting, Released)


async def test_trap_48_memory_of_a_crashed_engine_that_is_back_already_is_not_waited_for(tmp_path: Path) -> None:
    """Measured from after the crash, nothing would come back any more."""
    machine = Machine(tmp_path)
    await running(machine)
    machine.end("m")
    outcome = await machine.memory.released("m", bound_s=30)
    assert isinstance(outcome, Released)
    assert outcome.took_s < 1


async def test_trap_48_free_memory_that_falls_meanwhile_does_not_pass_for_a_release(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await running(machine, 10 * GIB)
    machine.end("m", late_bytes=10 * GIB)
    machine.gpus[0].run(99, 2 * GIB)
    assert isinstance(await machine.memory.released("m", bound_s=0.1), Held)


async def test_trap_48_another_device_that_frees_memory_does_not_pass_for_this_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Gpu(), Gpu(drawing=[Listed(99, 20 * GIB)]))
    await running(machine)
    machine.end("m", late_bytes=20 * GIB)
    machine.gpus[1].drawing.clear()
    outcome = await machine.memory.released("m", bound_s=0.1)
    assert isinstance(outcome, Held)
    assert [(kept.device, kept.size_bytes) for kept in outcome.kept] == [("cuda0", 20 * GIB)]


async def test_trap_48_memory_that_stays_away_is_told_with_the_process_that_holds_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await running(machine)
    machine.processes["m"] = set()  # a zombie, say: its driver still lists it
    outcome = await machine.memory.released("m", bound_s=0.1)
    assert isinstance(outcome, Held)
    (kept,) = outcome.kept
    assert kept.size_bytes == 20 * GIB
    assert kept.message.endswith("(pid 7)")


@pytest.mark.parametrize("other", [instance("m", settings={"max-model-len": 4096}), instance("m", "cuda1"), N])
async def test_trap_49_what_was_measured_counts_for_exactly_what_it_was_measured_of(
    tmp_path: Path, other: object
) -> None:
    machine = Machine(tmp_path)
    await running(machine, 9 * GIB)
    claims = machine.memory.claims_for(M, BUDGET)
    assert claims
    assert 9 * GIB < claims["cuda0"] < 10 * GIB
    assert isinstance(other, type(M))
    assert machine.memory.claims_for(other, BUDGET) is None


async def test_trap_50_the_peak_counts_and_not_what_is_used_after_the_load(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await running(machine, 9 * GIB)
    for size_bytes in (12 * GIB, 8 * GIB):
        machine.grow(7, size_bytes)
        await machine.memory.calibrate()
    assert machine.memory.used_bytes("m") == {"cuda0": 8 * GIB}
    claims = machine.memory.claims_for(M, BUDGET)
    assert claims
    assert claims["cuda0"] > 12 * GIB
    assert machine.measured == ["m", "m"]


async def test_trap_51_unified_memory_is_the_machines_and_its_page_cache_is_not_waited_for(tmp_path: Path) -> None:
    """The fake machine has 1 byte, all of it free: NVML itself supports no answer."""
    machine = Machine(tmp_path, Gpu(has_memory=False))
    await running(machine)
    assert machine.memory.used_bytes("m") == {"cuda0": 20 * GIB}
    machine.end("m", late_bytes=20 * GIB)
    assert isinstance(await machine.memory.released("m", bound_s=0.1), Released)


async def test_trap_51_a_process_that_unified_memory_still_lists_is_waited_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Gpu(has_memory=False))
    await running(machine)
    assert isinstance(await machine.memory.released("m", bound_s=0.1), Held)


async def test_trap_52_what_other_programs_take_is_seen_and_told_apart_from_ours(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await running(machine, 10 * GIB)
    machine.gpus[0].drawing.append(Listed(99, 6 * GIB))
    await machine.memory.calibrate()
    assert machine.foreign().used_bytes == 400 * MIB + 6 * GIB
    machine.gpus[0].drawing.clear()
    await machine.memory.calibrate()
    assert machine.foreign().used_bytes == 400 * MIB


def test_trap_54_requests_are_counted_by_who_grants_them_whatever_the_engine_says() -> None:
    """No engine is asked for its load: its metrics are seconds old."""
    residency = Residency(Policy({"m": Resident("m", {"cuda0": 5})}, {"cuda0": 5}))
    residency.handle(InstanceAdopted("m", 1), 0.0)
    for request in (1, 2):
        assert Grant(request, "m") in residency.handle(RequestArrived(request, "m"), 1.0)
    assert residency.handle(UnloadAsked("m"), 2.0) == []
    assert residency.handle(RequestEnded(1), 3.0) == []
    commands = residency.handle(RequestEnded(2), 4.0)
    assert [type(command) for command in commands] == [Stop]


def test_trap_54_requests_of_an_engine_that_died_are_not_counted_any_more() -> None:
    residency = Residency(Policy({"m": Resident("m", {"cuda0": 5})}, {"cuda0": 5}))
    residency.handle(InstanceAdopted("m", 1), 0.0)
    residency.handle(RequestArrived(1, "m"), 1.0)
    assert residency.load("m") == 1
    residency.handle(InstanceFailed("m", 1, Failure(FailureKind.KILLED, "killed")), 2.0)
    residency.handle(RequestEnded(1), 3.0)
    assert residency.load("m") == 0
