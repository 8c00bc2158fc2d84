from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest

from remuda.daemon.job import Job
from remuda.daemon.reload import Reloaded, Reloader
from remuda.edge.http.limits import Limits
from remuda.edge.http.server import GatewayServer
from remuda.errors import RemudaError
from remuda.facts.host import Device, Host
from remuda.gateway.decide import Gateway
from remuda.gateway.live import Nothing
from remuda.plan.check import load_fleet
from remuda.plan.plan import decide

TEXT = """
gateway: {keys: [{name: roo, secret: "${file:roo.key}"}]}
models:
  alpha: {engine: llama-cpp, model: a.gguf}
  beta: {engine: llama-cpp, model: b.gguf}
routes: {lane: alpha}
lint: {model_ids: "off"}
"""
HOST = Host((Device("cpu", "CPU", 2**30, 2**30),))


class Server:
    """Takes what the gateway is to decide by."""

    def __init__(self) -> None:
        self.taken: list[tuple[Gateway, Limits]] = []

    def replace(self, gateway: Gateway, limits: Limits) -> None:
        self.taken.append((gateway, limits))


class Setting:
    """A daemon that was started with TEXT, and its file."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "remuda.yaml"
        self.server = Server()
        self.key = directory / "roo.key"
        self.key.write_text("first")
        fleet, _, _ = load_fleet(TEXT, "remuda.yaml")
        job = Job(fleet, self.file, os.environ)
        self.reloader = Reloader(job, decide(fleet, HOST), HOST, Nothing())

    async def reload(self, text: str) -> Reloaded:
        self.file.write_text(text)
        return await self.reloader.reload(cast("GatewayServer", self.server), None)

    @property
    def gateway(self) -> Gateway:
        return self.server.taken[-1][0]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


async def test_a_key_whose_file_has_changed_is_in_force(setting: Setting) -> None:
    setting.key.write_text("second")
    assert await setting.reload(TEXT) == Reloaded(keys=1, routes=1, models=2, needs_restart=())
    assert setting.gateway.keyring.find(b"first") is None
    assert setting.gateway.keyring.find(b"second") is not None


async def test_routes_aliases_and_limits_are_in_force(setting: Setting) -> None:
    text = TEXT.replace("{lane: alpha}", "{fast: beta}").replace("a.gguf", "a.gguf, aliases: [first]")
    found = await setting.reload(text.replace("gateway: {", "gateway: {limits: {queue: 3}, "))
    assert found.needs_restart == ()
    assert sorted(setting.gateway.directory.nodes) == ["alpha", "beta", "fast", "first"]
    assert setting.server.taken[-1][1].queue == 3


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        ("a.gguf", "a.gguf, settings: {ctx-size: 10}", "models.alpha"),
        ("a.gguf", "a.gguf, ttl: 5m", "models.alpha"),
        ("  beta:", "  gamma:", "models.gamma"),
        ("gateway: {", "gateway: {listen: '127.0.0.1:1', ", "gateway.listen"),
        ("routes:", "residency: {budget: {cpu: 1GiB}}\nroutes:", "residency"),
    ],
)
async def test_what_needs_a_restart_is_named(setting: Setting, old: str, new: str, waits: str) -> None:
    assert waits in (await setting.reload(TEXT.replace(old, new))).needs_restart


async def test_a_model_that_is_gone_is_not_served_any_more(setting: Setting) -> None:
    found = await setting.reload(TEXT.replace("  beta: {engine: llama-cpp, model: b.gguf}\n", ""))
    assert (found.models, found.needs_restart) == (1, ("models.beta",))
    assert setting.gateway.directory.find("beta") is None


@pytest.mark.parametrize(
    "text",
    [
        "models: [",
        "models: {}\nnonsense: 1",
        TEXT.replace("lane: alpha", "lane: nobody"),
        TEXT.replace("roo.key", "absent.key"),
        TEXT.replace("a.gguf", "a.gguf, devices: [cuda7]"),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(setting: Setting, text: str) -> None:
    with pytest.raises(RemudaError):
        await setting.reload(text)
    assert setting.server.taken == []


async def test_a_file_that_is_gone_changes_nothing(setting: Setting) -> None:
    with pytest.raises(RemudaError, match="cannot read"):
        await setting.reloader.reload(cast("Any", setting.server), None)
