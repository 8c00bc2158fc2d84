"""Waits until the memory of an engine that has ended, or fallen asleep, is seen back on its devices.

The wait is bounded: what does not come back is said, with the process that holds it, and the daemon goes on without
those bytes. The memory of the CPU is not waited for: it is back when the last process is gone, while the page cache
makes what is free lag behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from remuda.edge.probes.memory import Probe
from remuda.facts.memory import Reading, missing_bytes
from remuda.spec.quantity import format_bytes

BOUND_S = 10.0
"""After how long memory counts as held. NVIDIA's driver needs 0.5 to 1.5 s (`ollama/ollama`: `server/sched.go`)."""

STEADY_S = 2.0
"""After how long without a change an engine that sleeps has given back all that it will."""

_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known of a device: `idle`, its reading when nothing of ours ran there, and how much that is worth.

    `trusted`: see `remuda.facts.memory.missing_bytes`.
    """

    idle: Reading | None
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Released:
    """All memory has been seen back after so long."""

    took_s: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes of a device that did not come back, and who holds them as far as the driver says (`python3 (pid 42)`).

    0 bytes: the device could not be read in time.
    """

    device: str
    size_bytes: int
    by: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """What to tell a person."""
        if not self.size_bytes:
            return f"cannot tell whether memory of {self.device} came back: its driver does not answer"
        holders = " and ".join(self.by) if self.by else "no process that its driver lists"
        return f"{format_bytes(self.size_bytes)} of {self.device} did not come back: held by {holders}"


@dataclass(frozen=True, slots=True)
class Held:
    """Some memory was not seen back within the bound."""

    took_s: float
    kept: tuple[Kept, ...]


async def released(
    probe: Probe, devices: Mapping[str, Baseline], gone: Collection[int], *, bound_s: float = BOUND_S
) -> Released | Held:
    """Wait until what the processes in `gone`, which have ended, held of these devices is back on each of them.

    A device that cannot be read is not waited for: nothing could be learned from it.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    late = {device: _Late(0) for device in devices if device != "cpu"}
    pause_s = _FIRST_PAUSE_S
    try:
        async with asyncio.timeout(bound_s):
            while late:
                late = await asyncio.to_thread(_look, probe, {device: devices[device] for device in late}, gone)
                if late:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    except TimeoutError:
        return Held(clock() - began, tuple(_kept(probe, device, found) for device, found in late.items()))
    return Released(clock() - began)


async def kept(
    probe: Probe, planned: Mapping[str, int], pids: Collection[int], *, bound_s: float = BOUND_S
) -> dict[str, int]:
    """Wait until these live processes hold no more than planned of each device, or give nothing back any more.

    Returns what they hold of each then. A device whose driver does not list them, or cannot be read, is not in the
    answer. As in `released`, the memory of the CPU is not waited for.
    """
    devices = [device for device in planned if device != "cpu"]
    clock = asyncio.get_running_loop().time
    found: dict[str, int] = {}
    steady_since, pause_s = clock(), _FIRST_PAUSE_S
    try:
        async with asyncio.timeout(bound_s):
            while True:
                before, found = found, await asyncio.to_thread(_held_bytes, probe, devices, pids)
                if found != before:
                    steady_since = clock()
                as_planned = all(size <= planned[device] for device, size in found.items())
                if as_planned or clock() - steady_since > STEADY_S:
                    return found
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    except TimeoutError:
        return found


def _held_bytes(probe: Probe, devices: Iterable[str], pids: Collection[int]) -> dict[str, int]:
    readings = ((device, probe.read(device, pids)) for device in devices)
    return {device: used for device, reading in readings if reading and (used := reading.of(pids))}


@dataclass(frozen=True, slots=True)
class _Late:
    size_bytes: int
    suspects: tuple[int, ...] = ()


def _look(probe: Probe, devices: Mapping[str, Baseline], gone: Collection[int]) -> dict[str, _Late]:
    """The devices where memory is missing. It blocks, for milliseconds."""
    late = {}
    for device, baseline in devices.items():
        now = probe.read(device, gone)
        size_bytes = missing_bytes(now, baseline.idle, gone, trusted=baseline.trusted) if now else 0
        if now and size_bytes:
            late[device] = _Late(size_bytes, now.suspects(gone, baseline.idle))
    return late


def _kept(probe: Probe, device: str, found: _Late) -> Kept:
    return Kept(device, found.size_bytes, tuple(f"`{probe.command(pid)}` (pid {pid})" for pid in found.suspects))
