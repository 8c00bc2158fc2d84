from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import pytest

from remuda.daemon.instances import Instances
from remuda.daemon.job import Job
from remuda.daemon.launcher import Launcher
from remuda.daemon.planning import Planner
from remuda.daemon.reload import Reloaded, Reloader, Running
from remuda.edge.http.limits import Limits
from remuda.edge.peaks import Peaks, key_of
from remuda.errors import RemudaError
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.gateway.decide import Gateway
from remuda.gateway.live import Nothing
from remuda.plan.check import load_fleet
from remuda.residency.events import Event, PolicyChanged
from tests.daemon.fleet_of_fakes import launcher, places

TEXT = """
gateway: {keys: [{name: roo, secret: "${file:roo.key}"}]}
models:
  alpha: {engine: command, cmd: "alpha --port ${PORT}"}
  beta: {engine: command, cmd: "beta --port ${PORT}"}
routes: {lane: alpha}
lint: {model_ids: "off"}
"""
HOST = Host((Device("cpu", "CPU", 2**30, 2**30),))


class Server:
    """Takes what the gateway is to decide by."""

    def __init__(self) -> None:
        self.taken: list[tuple[Gateway, Limits]] = []
        self.addresses: tuple[tuple[str, int], ...] = (("127.0.0.1", 8080),)

    def replace(self, gateway: Gateway, limits: Limits) -> None:
        self.taken.append((gateway, limits))


class Events(Nothing):
    """Takes what residency is told."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    def emit(self, event: Event) -> None:
        self.told.append(event)


class Setting:
    """A daemon that was started with TEXT, and its file."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "remuda.yaml"
        self.server, self.events = Server(), Events()
        self.key = directory / "roo.key"
        self.key.write_text("first")
        fleet, _, _ = load_fleet(TEXT, "remuda.yaml")
        job = Job(fleet, self.file, os.environ)
        planner = Planner(job, HOST, Peaks(directory / "peaks.json"))
        planned = planner.plan(fleet)
        self.launcher: Launcher = launcher(directory)
        self.instances = Instances(
            planned.plan.instances,
            self.launcher,
            places(directory),
            emit=self.events.emit,
            reporter=lambda _: None,
        )
        running = Running(cast("Any", self.events), self.instances, self.launcher, cast("Any", self.server), None)
        self.reloader = Reloader(job, planner, planned, running)

    async def reload(self, text: str) -> Reloaded:
        self.file.write_text(text)
        return await self.reloader.reload()

    @property
    def gateway(self) -> Gateway:
        return self.server.taken[-1][0]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


async def test_a_key_whose_file_has_changed_is_in_force(setting: Setting) -> None:
    setting.key.write_text("second")
    assert await setting.reload(TEXT) == Reloaded(keys=1, routes=1, models=2)
    assert setting.gateway.keyring.find(b"first") is None
    assert setting.gateway.keyring.find(b"second") is not None


async def test_routes_aliases_and_limits_are_in_force(setting: Setting) -> None:
    text = TEXT.replace("{lane: alpha}", "{fast: beta}").replace("alpha: {", "alpha: {aliases: [first], ")
    found = await setting.reload(text.replace("gateway: {", "gateway: {limits: {queue: 3}, "))
    assert (found.changed, found.needs_restart) == ((), ())
    assert sorted(setting.gateway.directory.nodes) == ["alpha", "beta", "fast", "first"]
    assert setting.server.taken[-1][1].queue == 3


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("alpha --port", "alpha --more --port", {"changed": ("alpha",)}),
        ("  beta:", "  gamma:", {"added": ("gamma",), "removed": ("beta",)}),
        ("alpha: {", "alpha: {ttl: 5m, priority_is_no_key_of_ours: 1, ", None),
        ("alpha: {", "alpha: {ttl: 5m, ", {}),
        ("alpha: {", "alpha: {memory: 1MiB, ", {}),
        ("alpha: {", "alpha: {hooks: {after_load: [true]}, ", None),
        ("alpha: {", 'alpha: {hooks: {after_load: ["true"]}, ', {}),
        ("alpha: {", "alpha: {limits: {cpus: 2}, ", {"changed": ("alpha",)}),
        ("gateway: {", "gateway: {listen: '127.0.0.1:1', ", {"needs_restart": ("gateway.listen",)}),
    ],
)
async def test_what_it_means_for_the_models_is_told(
    setting: Setting, old: str, new: str, expected: dict[str, Any] | None
) -> None:
    """A model whose claims, ttl or hooks have changed is not started anew for that."""
    text = TEXT.replace(old, new)
    if expected is None:
        with pytest.raises(RemudaError):
            await setting.reload(text)
        return
    found = await setting.reload(text)
    assert found == Reloaded(keys=1, routes=1, models=2, **expected)
    assert isinstance(setting.events.told[-1], PolicyChanged)


async def test_what_starts_from_now_on_is_what_the_file_says(setting: Setting) -> None:
    await setting.reload(TEXT.replace("alpha --port", "other --port"))
    assert (setting.instances.planned["alpha"].cmd or ())[0] == "other"
    assert setting.launcher.programs == {"alpha": (), "beta": ()}


async def test_a_model_that_is_gone_is_not_served_any_more(setting: Setting) -> None:
    found = await setting.reload(TEXT.replace('  beta: {engine: command, cmd: "beta --port ${PORT}"}\n', ""))
    assert (found.models, found.removed) == (1, ("beta",))
    assert setting.gateway.directory.find("beta") is None
    assert str(found) == "beta removed"


@pytest.mark.parametrize(
    "text",
    [
        "models: [",
        "models: {}\nnonsense: 1",
        TEXT.replace("lane: alpha", "lane: nobody"),
        TEXT.replace("roo.key", "absent.key"),
        TEXT.replace("alpha: {", "alpha: {devices: [cuda7], "),
        TEXT.replace("alpha: {engine: command, cmd: ", "alpha: {engine: vllm, executable: /no/such, model: "),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(setting: Setting, text: str) -> None:
    before = dict(setting.instances.planned)
    with pytest.raises(RemudaError):
        await setting.reload(text)
    assert (setting.server.taken, setting.events.told) == ([], [])
    assert setting.instances.planned == before
    assert await setting.reload(TEXT) == Reloaded(keys=1, routes=1, models=2)


async def test_a_file_that_is_gone_changes_nothing(setting: Setting) -> None:
    with pytest.raises(RemudaError, match="cannot read"):
        await setting.reloader.reload()


async def test_who_asks_together_gets_one_reload_and_who_asks_later_the_next(setting: Setting) -> None:
    setting.file.write_text(TEXT)
    first = [asyncio.ensure_future(setting.reloader.reload()) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    edited = setting.file.with_suffix(".new")
    edited.write_text(TEXT.replace("beta", "gamma"))
    edited.replace(setting.file)
    second = [asyncio.ensure_future(setting.reloader.reload()) for _ in range(3)]
    await asyncio.gather(*first, *second)
    assert len(setting.server.taken) == 2
    assert setting.gateway.directory.find("gamma") is not None


async def test_keys_are_not_taken_from_a_gateway_that_others_reach(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    setting.server.addresses = (("127.0.0.1", 8080), ("192.0.2.7", 8080))
    with pytest.raises(RemudaError, match=r"cannot listen at `192\.0\.2\.7:8080` without keys"):
        await setting.reload(TEXT.replace(TEXT.splitlines()[1], ""))
    assert setting.server.taken == []


async def test_how_long_loads_took_before_is_known_to_a_plan(tmp_path: Path) -> None:
    fleet, _, _ = load_fleet(TEXT, "remuda.yaml")
    peaks = Peaks(tmp_path / "peaks.json")
    planner = Planner(Job(fleet, tmp_path / "remuda.yaml", os.environ), HOST, peaks)
    planned = planner.plan(fleet)
    assumed_s = planned.policy.residents["alpha"].load_s
    peaks.learn_load(key_of(planned.plan.instances["alpha"], (), tmp_path), "alpha", 42.5, 1)
    residents = planner.plan(fleet).policy.residents
    assert (residents["alpha"].load_s, residents["beta"].load_s) == (42.5, assumed_s)
