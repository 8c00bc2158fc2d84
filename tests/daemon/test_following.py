"""Models whose units run are asked for, once, and what becomes of that is said once."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.following import Following
from remuda.daemon.instances import Instances
from remuda.daemon.report import Noted, Report
from remuda.edge.ports import free_port
from remuda.errors import EffectError
from remuda.plan.plan import Instance
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.daemon.fleet_of_fakes import fake, launcher, places


class Units:
    """Says which units run; as an engine, each model is a fake one."""

    def __init__(self, *running: str) -> None:
        self.running = set(running)
        self.asked: list[Collection[str]] = []
        self.trouble: EffectError | None = None

    async def up(self, units: Collection[str]) -> frozenset[str]:
        self.asked.append(units)
        if self.trouble:
            raise self.trouble
        return frozenset(self.running & set(units))


def unit_of_fake(model: str, *switches: str, unit: str | None) -> Instance:
    """A fake engine at its unit's port; nothing is filled in where systemd would start it."""
    port = free_port()
    instance = fake(*switches, model_id=model, unit=unit, port=port)
    assert instance.cmd is not None
    return replace(instance, cmd=tuple(word.replace("${PORT}", str(port)) for word in instance.cmd))


class World:
    """A dispatcher over two fakes with units, and one without, of which only one fits."""

    def __init__(self, directory: Path, units: Units) -> None:
        models = {"a": "a.service", "b": "b.service", "plain": None}
        self.dispatcher = Dispatcher(
            Residency(Policy({name: Resident(name, {"cpu": 1}) for name in models}, {"cpu": 1}))
        )
        engines = {name: unit_of_fake(name, unit=unit) for name, unit in models.items()}
        self.instances = Instances(
            engines, launcher(directory), places(directory), emit=self.dispatcher.emit, reporter=lambda _: None
        )
        self.dispatcher.attach(self.instances)
        self.reports: list[Report] = []
        self.units = units
        self.following = Following(units, self.instances, self.dispatcher, self.reports.append)

    async def until_ready(self, model: str) -> None:
        async with asyncio.timeout(20):
            while not self.dispatcher.is_ready(model) or self.dispatcher.load(model):
                await asyncio.sleep(0.01)


async def test_a_model_whose_unit_runs_is_loaded_and_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path, Units("a.service"))
    await world.following.look()
    await world.following.look()
    await world.until_ready("a")
    await world.following.look()
    assert [sorted(asked) for asked in world.units.asked] == [["a.service", "b.service"], ["b.service"], ["b.service"]]
    assert not world.instances.has_attempt("plain")
    world.units.running = {"b.service"}
    await world.following.look()
    await world.until_ready("b")
    assert not world.instances.has_attempt("a")
    await world.dispatcher.shut_down(5)
    await world.following.look()
    assert len(world.units.asked) == 4


async def test_what_cannot_be_taken_over_is_said_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, Units("a.service"))
    broken = unit_of_fake("a", "--no-such-switch", unit="a.service")
    world.instances.replace({**world.instances.planned, "a": broken})
    for _ in range(2):
        await world.following.look()
        async with asyncio.timeout(20):
            while world.instances.has_attempt("a") or not world.reports:
                await asyncio.sleep(0.01)
    (said,) = world.reports
    assert isinstance(said, Noted)
    assert said.problem.message.startswith("systemd runs `a`, which cannot be taken over: ")
    await world.dispatcher.shut_down(5)


async def test_what_was_given_up_is_taken_over_once_somebody_has_mended_it(tmp_path: Path) -> None:
    world = World(tmp_path, Units("a.service"))
    mended = world.instances.planned
    world.instances.replace({**mended, "a": unit_of_fake("a", "--fail", "flag", unit="a.service")})
    await world.following.look()
    async with asyncio.timeout(20):
        while world.instances.has_attempt("a") or not world.reports:
            await asyncio.sleep(0.01)
    world.instances.replace(mended)
    await world.following.look()
    await world.until_ready("a")
    await world.dispatcher.shut_down(5)


async def test_a_systemd_that_does_not_answer_is_told_of_once(tmp_path: Path) -> None:
    world = World(tmp_path, Units())
    world.units.trouble = EffectError("cannot reach systemd: it sleeps")
    await world.following.look()
    await world.following.look()
    (said,) = world.reports
    assert isinstance(said, Noted)
    assert said.problem.message == "cannot tell which units run: cannot reach systemd: it sleeps"
