"""Traps that bite where the fleet, the gateway and the engines meet, each by name."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import pytest

from remuda.daemon.gateway import gateway_of, limits_of
from remuda.edge.http.limits import Limits
from remuda.edge.secrets import Resolver
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.gateway.live import Nothing
from remuda.plan.check import load_fleet
from remuda.plan.plan import decide
from remuda.spec.limits import Limits as Bounds
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake, launcher
from tests.daemon.records import record


async def test_trap_57_engines_that_start_at_once_get_ports_of_their_own(tmp_path: Path) -> None:
    """A port is looked for when an engine starts, and looked for again if it was lost to somebody else."""
    starts = launcher(tmp_path)
    launches = [
        starts.launch(fake(model_id=f"fake-{number}"), number, lambda _running, _endpoint: None) for number in range(4)
    ]
    started = await asyncio.gather(*launches)
    try:
        assert len({endpoint.port for _, endpoint in started}) == len(started)
    finally:
        await asyncio.gather(*(running.stop(9, 0) for running, _ in started))


@pytest.mark.parametrize(
    ("model", "context_length"),
    [
        ("engine: llama-cpp, model: a.gguf, settings: {ctx-size: 8192}", 8192),
        ("engine: llama-cpp, model: a.gguf, settings: {ctx-size: 8192, parallel: 2}", 4096),
        ("engine: vllm, model: a/b, settings: {max-model-len: 180k}", 180_000),
        ("engine: llama-cpp, model: a.gguf", None),
    ],
)
def test_trap_58_the_length_of_a_context_is_known_from_the_flags(model: str, context_length: int | None) -> None:
    fleet, _, _ = load_fleet(f"models: {{m-1b-cpu: {{{model}}}}}\n", "remuda.yaml")
    plan = decide(fleet, Host((Device("cpu", "CPU", 2**36, 2**36),)))
    entry = gateway_of(fleet, plan.instances, Resolver(Path(), {}), Nothing(), 1).directory.entry("m-1b-cpu", Nothing())
    assert entry is not None
    assert entry.get("context_length") == context_length


async def test_trap_61_a_client_that_does_not_keep_up_is_told_what_is_so_now_and_can_see_that_it_missed_nothing(
    tmp_path: Path,
) -> None:
    """Events are numbered; and whoever comes, or comes again, is told everything first."""
    async with api(tmp_path, fake()) as control:
        for already in (0, 3000):
            async with control.stream("/api/events") as stream:
                seen = [await stream.event()]
                for _ in range(3000):
                    control.control.books.accounts.ended(record())
                while seen[-1][1:] != ("activity", {"id": already + 3000}):
                    seen.append(await stream.event())
            assert [number for number, _, _ in seen] == list(range(1, len(seen) + 1))
            assert "modelStatus" in {kind for _, kind, _ in seen}
            assert len(seen) < 100


def test_trap_62_the_bounds_of_the_sockets_are_those_that_the_fleet_file_promises() -> None:
    assert asdict(limits_of(Bounds())) == asdict(Limits())
