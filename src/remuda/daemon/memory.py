"""What our engines really use: watched while they run, learned for the next start, seen to come back at the end.

An engine is watched from its first process on: every second while it starts, then every five. Its peak over its whole
life counts, since buffers grow after the load; it is learned only from an engine that became ready, because one that
died of want of memory shows too little. What is learned is written down at intervals and at the end.

Reading a device blocks for milliseconds, so it happens in a thread, one sample at a time. Which claim is used is for
the plan to say: what the file declares, else `claims_for`, else its own assumption.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from remuda.daemon.release import BOUND_S, Baseline, Held, Released, kept, released
from remuda.edge.clock import unix_s
from remuda.edge.peaks import Peaks
from remuda.edge.probes.memory import Probe
from remuda.errors import EffectError
from remuda.facts.memory import SLACK_BYTES, Reading
from remuda.plan.plan import Instance
from remuda.residency.events import Foreign

LOADING_PERIOD_S = 1.0
PERIOD_S = 5.0
WRITE_PERIOD_S = 60.0

_MIB = 1024 * 1024
_RESERVE_SHARE = 20
_LEAST_RESERVE_BYTES = 64 * _MIB
_MOST_RESERVE_BYTES = 1024 * _MIB


def with_reserve(peak_bytes: int) -> int:
    """What to set aside for an engine of this measured peak: a twentieth more, within 64 MiB and 1 GiB."""
    return peak_bytes + min(max(peak_bytes // _RESERVE_SHARE, _LEAST_RESERVE_BYTES), _MOST_RESERVE_BYTES)


def _claim(peak_bytes: int, budget_bytes: int | None) -> int:
    claim_bytes = with_reserve(peak_bytes)
    return claim_bytes if budget_bytes is None else min(claim_bytes, max(peak_bytes, budget_bytes))


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told.

    `measured`: the known peak of this instance has grown; ask `claims_for`. `observed`: what everything but our engines
    uses, of the devices where that has changed and can be told. `failed`: what could not be written, as a sentence.
    """

    measured: Callable[[Instance], None]
    observed: Callable[[Mapping[str, Foreign]], None]
    failed: Callable[[str], None]


@dataclass(slots=True, eq=False)
class _Watched:
    """An engine whose memory is watched; `key` is None where its fingerprint cannot be told.

    `pids`: its processes at the last sample. `seen`: those, and former ones that a driver may still list.
    """

    instance: Instance
    key: str | None
    members: Callable[[], Collection[int]]
    pids: frozenset[int] = frozenset()
    seen: frozenset[int] = frozenset()
    used_bytes: dict[str, int] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)
    is_ready: bool = False

    @property
    def devices(self) -> frozenset[str]:
        """Where it may hold memory: every engine has some of the machine's."""
        return frozenset(self.instance.devices) | {"cpu"}


class Memory:
    """The memory of one daemon's engines on `devices`. `identify` is an instance's key in `peaks`, None without one."""

    def __init__(
        self,
        probe: Probe,
        devices: Iterable[str],
        peaks: Peaks,
        identify: Callable[[Instance], str | None],
        ears: Ears,
    ) -> None:
        self._probe = probe
        self._devices = tuple(devices)
        self._peaks = peaks
        self._identify = identify
        self._ears = ears
        self._watched: dict[str, _Watched] = {}
        self._idle: dict[str, Reading] = {}
        self._listed: set[str] = set()
        self._told: dict[str, Foreign] = {}
        self._is_dirty = False

    def claims_for(self, instance: Instance, budget: Mapping[str, int]) -> Mapping[str, int] | None:
        """Bytes to claim of each of the instance's devices, from its measured peak with a reserve; None when unknown.

        The reserve never lifts a claim above the budget: what has run there fits there. For the plan, which asks only
        for a model that declares no memory.
        """
        key = self._identify(instance)
        peak_bytes = self._peaks.of(key) if key else {}
        if not instance.devices or not peak_bytes.keys() >= set(instance.devices):
            return None
        return {device: _claim(peak_bytes[device], budget.get(device)) for device in instance.devices}

    def watch(self, instance: Instance, members: Callable[[], Collection[int]]) -> None:
        """Watch an engine from its first process on; `members` are the live processes of it, at any time.

        A second call for the same model (another process, after a port was lost) replaces the first.
        """
        self._watched[instance.model_id] = _Watched(instance, self._identify(instance), members)

    def ready(self, model: str, load_s: float | None = None) -> None:
        """The engine can serve: what it uses is worth learning from now on, and how long its start took at once."""
        watched = self._watched.get(model)
        if watched is None:
            return
        watched.is_ready = True
        if load_s is not None:
            self._peaks.learn_load(watched.key or watched.instance.fingerprint, model, load_s, unix_s())
            self._is_dirty = True

    def used_bytes(self, model: str) -> Mapping[str, int]:
        """What the engine was last seen to use of each device; empty when it is not watched."""
        watched = self._watched.get(model)
        return watched.used_bytes if watched else {}

    def peak_bytes(self, model: str) -> Mapping[str, int]:
        """The most that the running engine was seen to use of each device; empty when it is not watched."""
        watched = self._watched.get(model)
        return watched.peak_bytes if watched else {}

    async def slept(self, model: str, *, bound_s: float = BOUND_S) -> Mapping[str, int]:
        """The engine has been put to sleep: wait until it holds no more of its devices than it was planned to keep.

        Returns what it holds of each device whose driver tells, also where that is more after `bound_s`.
        """
        watched = self._watched.get(model)
        if watched is None:
            return {}
        pids = frozenset(watched.members())
        planned = watched.instance.asleep_claims or {}
        return await kept(self._probe, {d: planned.get(d, 0) for d in watched.instance.devices}, pids, bound_s=bound_s)

    def woken(self, model: str) -> None:
        """The engine takes its memory again: what it uses is not settled before it is `ready`."""
        if model in self._watched:
            self._watched[model].is_ready = False

    async def released(self, model: str, *, bound_s: float = BOUND_S) -> Released | Held:
        """The engine's last process has gone: wait until its memory is seen back.

        To be awaited before `InstanceStopped` or `InstanceFailed` is told. An engine that is not watched has released
        everything already.
        """
        watched = self._watched.get(model)
        if watched is None:
            return Released(0.0)
        try:
            baselines = {device: self._baseline(device, watched) for device in watched.instance.devices}
            outcome = await released(self._probe, baselines, watched.seen, bound_s=bound_s)
        finally:
            if self._watched.get(model) is watched:
                del self._watched[model]
        if isinstance(outcome, Held):
            for kept in outcome.kept:
                self._idle.pop(kept.device, None)  # what is held must not be waited for again at the next stop
                self._told.pop(kept.device, None)
        return outcome

    async def calibrate(self) -> None:
        """Learn what the devices are like before anything is started; engines that run already have to be watched."""
        await self._sample(self._devices)

    async def keep(self) -> None:
        """Sample and write for ever; a task of the daemon's."""
        clock = asyncio.get_running_loop().time
        full_at = write_at = clock()
        while True:
            if clock() >= full_at:
                await self._sample(self._devices)
                full_at = clock() + PERIOD_S
            elif loading := self._loading():
                await self._sample(loading)
            if clock() >= write_at:
                await self.close()
                write_at = clock() + WRITE_PERIOD_S
            await asyncio.sleep(LOADING_PERIOD_S)

    async def close(self) -> None:
        """Write what has been learned; at the next time if it cannot be written now."""
        if not self._is_dirty:
            return
        self._is_dirty = False
        try:
            await asyncio.to_thread(self._peaks.save)
        except EffectError as error:
            self._is_dirty = True
            self._ears.failed(error.message)

    def _baseline(self, device: str, leaving: _Watched) -> Baseline:
        others = [engine for engine in self._on(device) if engine is not leaving]
        return Baseline(self._idle.get(device), trusted=not others or device in self._listed)

    def _on(self, device: str) -> list[_Watched]:
        return [engine for engine in self._watched.values() if device in engine.devices]

    def _loading(self) -> tuple[str, ...]:
        wanted = {device for engine in self._watched.values() if not engine.is_ready for device in engine.devices}
        return tuple(device for device in self._devices if device in wanted)

    async def _sample(self, devices: Collection[str]) -> None:
        is_full = devices == self._devices
        engines = [engine for engine in self._watched.values() if is_full or not engine.is_ready]
        before = {device: self._on(device) for device in devices}
        for engine in engines:
            engine.pids = frozenset(engine.members())
            engine.seen |= engine.pids
            await asyncio.sleep(0)  # each look at the table of processes takes a millisecond or more
        pids = frozenset().union(*(engine.pids for engine in engines))
        found = await asyncio.to_thread(self._read, devices, pids)
        readings = [reading for device, reading in found.items() if self._on(device) == before[device]]
        for reading in readings:
            self._take(reading)
        self._learn()
        self._tell(readings)
        if is_full:
            self._forget(found.values())

    def _read(self, devices: Collection[str], pids: Collection[int]) -> dict[str, Reading]:
        readings = ((device, self._probe.read(device, pids)) for device in devices)
        return {device: reading for device, reading in readings if reading}

    def _take(self, reading: Reading) -> None:
        """What a reading says of the engines on its device, all of which were there before and after it."""
        engines = self._on(reading.device)
        if not engines:
            self._idle[reading.device] = reading
        for engine in engines:
            if reading.lists(engine.pids):
                self._listed.add(reading.device)
            used, peak = reading.of(engine.pids), reading.peak_of(engine.pids)
            if used and peak:
                engine.used_bytes[reading.device] = used
                engine.peak_bytes[reading.device] = max(peak, engine.peak_bytes.get(reading.device, 0))

    def _learn(self) -> None:
        for engine in self._watched.values():
            if engine.is_ready and engine.key and engine.peak_bytes:
                model = engine.instance.model_id
                if self._peaks.learn(engine.key, model, engine.peak_bytes, unix_s()):
                    self._is_dirty = True
                    self._ears.measured(engine.instance)

    def _tell(self, readings: Iterable[Reading]) -> None:
        found = {reading.device: self._foreign(reading) for reading in readings if self._is_settled(reading)}
        news = {device: foreign for device, foreign in found.items() if self._is_news(device, foreign)}
        self._told.update(news)
        if news:
            self._ears.observed(news)

    def _is_settled(self, reading: Reading) -> bool:
        """Whether what is not ours can be told: not while an engine comes or goes, nor where ours are not listed."""
        engines = self._on(reading.device)
        if not engines:
            return True
        is_steady = all(engine.is_ready and reading.lists(engine.pids) for engine in engines)
        return is_steady and reading.listed_bytes is not None

    def _foreign(self, reading: Reading) -> Foreign:
        own = frozenset().union(*(engine.pids for engine in self._on(reading.device)))
        largest = reading.largest_other(own)
        return Foreign(reading.others_bytes(own), None if largest is None else self._probe.command(largest))

    def _is_news(self, device: str, foreign: Foreign) -> bool:
        told = self._told.get(device)
        return told is None or abs(told.used_bytes - foreign.used_bytes) > SLACK_BYTES

    def _forget(self, readings: Iterable[Reading]) -> None:
        """Forget former processes that no driver lists any more: their pids may become somebody else's."""
        listed = frozenset(holder.pid for reading in readings for holder in reading.holders)
        for engine in self._watched.values():
            engine.seen &= listed | engine.pids
