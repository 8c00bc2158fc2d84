"""What was learned of an engine reaches residency: with a real process, whose memory is the machine's own."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, cast

from remuda.daemon.measuring import Measuring, Surroundings
from remuda.daemon.report import Noted, Report
from remuda.edge.peaks import Peaks
from remuda.plan.plan import Instance, Plan
from remuda.residency.events import Event, InstanceReady, InstanceStopped, MemoryMeasured
from tests.daemon.fleet_of_fakes import World, fake, launcher, places

MIB = 2**20


class Events:
    """Takes what residency is told, and people."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.reports: list[Report] = []

    def emit(self, event: Event) -> None:
        self.told.append(event)

    @property
    def measured(self) -> list[MemoryMeasured]:
        return [event for event in self.told if isinstance(event, MemoryMeasured)]


def measuring(directory: Path, events: Events, *instances: Instance) -> Measuring:
    plan = Plan({instance.model_id: instance for instance in instances}, {"cpu": 2**36})
    around = Surroundings(launcher(directory), cast("Any", events), lambda: plan, events.reports.append)
    return Measuring(("cpu",), Peaks(places(directory).peaks), around)


async def run_once(directory: Path, instance: Instance, measured: Measuring) -> None:
    """Run the engine until its memory has been looked at."""
    world = World(directory, instance, upkeep=measured.memory)
    await measured.memory.calibrate()
    keeping = asyncio.get_running_loop().create_task(measured.memory.keep())
    world.instances.start(instance.model_id, 1)
    await world.event(InstanceReady)
    async with asyncio.timeout(30):
        while not measured.memory.claims_for(instance, {"cpu": 2**36}):
            await asyncio.sleep(0.05)
    world.instances.stop(instance.model_id, reason="test", kill=False)
    await world.event(InstanceStopped)
    keeping.cancel()
    await measured.memory.close()


async def test_what_an_undeclared_model_needs_is_told_now_and_by_the_next_daemon(tmp_path: Path) -> None:
    instance, events = fake(devices=("cpu",), claims={"cpu": 2**36}, claims_all=True), Events()
    await run_once(tmp_path, instance, measuring(tmp_path, events, instance))
    (first, *_) = events.measured
    assert first.model == "fake"
    assert MIB < first.claims["cpu"] < 1000 * MIB
    later = Events()
    measuring(tmp_path, later, instance).recall()
    assert [event.claims.keys() for event in later.measured] == [{"cpu"}]


async def test_trap_49_what_the_file_says_is_not_corrected_but_told_once_when_it_is_too_little(tmp_path: Path) -> None:
    instance, events = fake(devices=("cpu",), claims={"cpu": 5}), Events()
    measured = measuring(tmp_path, events, instance)
    await run_once(tmp_path, instance, measured)
    measured.recall()
    assert events.measured == []
    (noted,) = events.reports
    assert isinstance(noted, Noted)
    assert noted.problem.path == ("models", "fake", "memory")
    assert re.fullmatch(r"`fake` uses [\d.]+ MiB of `cpu`, more than .*", noted.problem.message)


async def test_nothing_is_told_of_an_engine_that_keeps_to_what_the_file_says(tmp_path: Path) -> None:
    instance, events = fake(devices=("cpu",), claims={"cpu": 2**35}), Events()
    await run_once(tmp_path, instance, measuring(tmp_path, events, instance))
    assert (events.measured, events.reports) == ([], [])


async def test_nothing_is_told_of_a_model_that_is_gone_from_the_fleet(tmp_path: Path) -> None:
    instance, events = fake(devices=("cpu",), claims={"cpu": 2**36}, claims_all=True), Events()
    await run_once(tmp_path, instance, measuring(tmp_path, events))
    assert events.measured == []
