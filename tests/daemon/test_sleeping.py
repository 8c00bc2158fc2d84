"""Instances that sleep, with a fake engine that sleeps as vLLM does."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remuda.daemon import report, sleeping
from remuda.daemon.liveness import hangs
from remuda.daemon.upkeep import NotWatched
from remuda.edge import readiness
from remuda.edge.fetch import ask, fetch
from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import Call, FailureKind, Readiness
from remuda.plan.care import Care
from remuda.plan.plan import Instance
from remuda.residency.events import (
    InstanceAdopted,
    InstanceAsleep,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    SleepFailed,
)
from tests.daemon.fleet_of_fakes import FAKE, World

PROGRAM = (sys.executable, str(FAKE))
WAKING = {
    1: ["/wake_up", "/reset_prefix_cache"],
    2: ["/wake_up?tags=weights", "/collective_rpc", "/wake_up?tags=kv_cache", "/reset_prefix_cache"],
}


def vllm(level: int = 1, **settings: Any) -> Instance:
    return Instance(
        "m", "m", "vllm", "process", model="weights", settings=settings, sleep=level, asleep_claims={"cuda0": 1}
    )


async def world(directory: Path, instance: Instance, upkeep: NotWatched | None = None) -> World:
    """The instance is ready."""
    made = World(directory, instance, upkeep=upkeep, programs={"m": PROGRAM})
    made.instances.start("m", 1)
    await made.event(InstanceReady)
    return made


async def laid(directory: Path, instance: Instance) -> World:
    """The instance is asleep."""
    made = await world(directory, instance)
    made.instances.sleep("m", reason="test")
    assert await made.event(InstanceAsleep) == InstanceAsleep("m", 1)
    return made


async def told(made: World, path: str) -> Any:
    return msgspec.json.decode(await fetch(made.instances.endpoint("m"), path, timeout_s=5, max_bytes=10_000))


async def answer(made: World) -> str:
    body = msgspec.json.encode({"model": "m", "messages": [], "max_tokens": 2})
    page = await ask(made.instances.endpoint("m"), Call("POST", "/v1/chat/completions", body), timeout_s=5)
    return str(msgspec.json.decode(page)["choices"][0]["message"]["content"])


async def stopped(made: World) -> None:
    made.instances.stop("m", reason="test", kill=False)
    await made.event(InstanceStopped)


@pytest.mark.parametrize("level", [1, 2])
async def test_trap_53_an_engine_sleeps_and_wakes_in_its_order_and_answers_as_before(
    tmp_path: Path, level: int
) -> None:
    made = await laid(tmp_path, vllm(level))
    pid = made.instances.pid("m")
    assert (await told(made, "/is_sleeping"))["is_sleeping"]
    made.instances.wake("m")
    assert await made.event(InstanceReady) == InstanceReady("m", 1)
    assert (await told(made, "/calls"))["calls"] == [f"/sleep?level={level}", *WAKING[level]]
    assert await answer(made) == "w0 w1"
    assert made.instances.pid("m") == pid
    assert [type(what) for what in made.reports[2:]] == [
        report.FallingAsleep,
        report.Asleep,
        report.Waking,
        report.Awake,
    ]
    await stopped(made)


async def test_trap_41_a_sleeping_engine_that_calls_itself_healthy_is_neither_asked_nor_given_up(
    tmp_path: Path,
) -> None:
    made = await laid(tmp_path, replace(vllm(), care=Care(health_timeout_s=0.05)))
    await asyncio.sleep(0.3)
    assert made.events.empty()
    made.instances.wake("m")
    await made.event(InstanceReady)
    await stopped(made)


async def test_who_is_not_watched_is_asked_nothing() -> None:
    asked = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        endpoint = Endpoint(*server.sockets[0].getsockname())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await hangs(endpoint, Readiness("/health"), 0.05, (), lambda: False)
    assert not asked.is_set()


@pytest.mark.parametrize("how", ["fail", "hang"])
async def test_an_engine_that_does_not_fall_asleep_says_so_in_bounded_time_and_can_be_stopped(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sleeping, "_FLOOR_S", 0.2)
    made = await world(tmp_path, vllm(sleepless=how))
    made.instances.sleep("m", reason="test")
    failed = await made.event(SleepFailed)
    assert {"fail": "has status 500", "hang": "did not answer `/sleep?level=1` within 0.2 s"}[how] in failed.reason
    await stopped(made)


async def test_an_engine_that_dies_of_falling_asleep_has_failed(tmp_path: Path) -> None:
    made = await world(tmp_path, vllm(sleepless="die"))
    made.instances.sleep("m", reason="test")
    assert (await made.event(InstanceFailed)).failure.kind is FailureKind.KILLED


@pytest.mark.parametrize(("how", "kind"), [("fail", "stalled"), ("hang", "stalled"), ("die", "killed")])
async def test_an_engine_that_does_not_wake_has_failed_and_is_gone(
    tmp_path: Path, how: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await laid(tmp_path, vllm(wakeless=how))
    monkeypatch.setattr(readiness, "STALL_FLOOR_S", 0.2)
    pid = made.instances.pid("m")
    made.instances.wake("m")
    assert (await made.event(InstanceFailed)).failure.kind == kind
    assert not Path(f"/proc/{pid}").exists()
    assert made.instances.pid("m") is None


@pytest.mark.parametrize("settings", [{"sleepless": "hang"}, {"wakeless": "hang"}], ids=["falling asleep", "waking"])
async def test_who_is_on_the_way_can_be_stopped(tmp_path: Path, settings: dict[str, Any]) -> None:
    made = await world(tmp_path, vllm(**settings))
    made.instances.sleep("m", reason="test")
    if "wakeless" in settings:
        await made.event(InstanceAsleep)
        made.instances.wake("m")
    await asyncio.sleep(0.1)
    await stopped(made)
    assert made.events.empty()


async def test_a_death_asleep_is_seen(tmp_path: Path) -> None:
    made = await laid(tmp_path, vllm())
    os.kill(made.instances.pid("m") or 0, signal.SIGKILL)
    assert (await made.event(InstanceFailed)).failure.kind is FailureKind.KILLED


@pytest.mark.parametrize("is_asleep", [True, False])
async def test_the_next_daemon_sees_whether_what_it_adopts_sleeps(tmp_path: Path, *, is_asleep: bool) -> None:
    old = await (laid if is_asleep else world)(tmp_path, vllm())
    new = World(tmp_path, vllm(), programs={"m": PROGRAM})
    await new.instances.take_over()
    assert await new.event(InstanceAdopted) == InstanceAdopted("m", 1, {} if is_asleep else None)
    if is_asleep:
        new.instances.wake("m")
        await new.event(InstanceReady)
    assert await answer(new) == "w0 w1"
    await stopped(new)
    await old.event(InstanceFailed)


class Measured(NotWatched):
    """Sees what the engine keeps, and when it is told of its waking."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def slept(self, model: str) -> Mapping[str, int]:
        self.told.append(f"slept {model}")
        return {"cuda0": 7}

    def woken(self, model: str) -> None:
        self.told.append(f"woken {model}")

    def ready(self, model: str, load_s: float | None = None) -> None:
        del load_s
        self.told.append(f"ready {model}")


async def test_what_it_is_seen_to_keep_is_told_and_recorded(tmp_path: Path) -> None:
    upkeep = Measured()
    made = await world(tmp_path, vllm(), upkeep)
    made.instances.sleep("m", reason="test")
    assert await made.event(InstanceAsleep) == InstanceAsleep("m", 1, {"cuda0": 7})
    assert '"claims":{"cuda0":7}' in (tmp_path / "run" / "instances.json").read_text()
    made.instances.wake("m")
    await made.event(InstanceReady)
    assert upkeep.told == ["ready m", "slept m", "woken m", "ready m"]
    await stopped(made)
