"""What a device's memory is used for at one moment, and whether an engine that has gone has given its part back.

Memory comes back later than a process ends, and other programs come and go meanwhile. So what has come back is not seen
in a difference of two readings but against what is known of the device when nothing of ours runs there: the bytes that
no listed process accounts for (the driver's own). While they exceed that, something is still being released, whatever
anybody else does.

Nothing here reads the machine; `remuda.edge.probes.memory` does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_MIB = 1024 * 1024

SLACK_BYTES = 64 * _MIB
"""What a driver's own use varies by while nothing happens."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds memory of a device.

    `used_bytes` is None where the driver does not say (some virtual GPUs and containers). `reclaimable_bytes` of them
    would be given up if somebody else needed them: pages of mapped files, on the CPU. `peak_bytes` is the most it has
    ever held, 0 where nobody keeps count.
    """

    pid: int
    used_bytes: int | None
    reclaimable_bytes: int = 0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The memory of one device at one moment.

    `holders`: every process that its driver lists; for the CPU, only those that were asked for. `is_unified`: the
    memory is the machine's, so that what is free follows everything else that happens there.
    """

    device: str
    total_bytes: int
    free_bytes: int
    holders: tuple[Holder, ...] = ()
    is_unified: bool = False

    @property
    def used_bytes(self) -> int:
        """What cannot be had now."""
        return self.total_bytes - self.free_bytes

    @property
    def listed_bytes(self) -> int | None:
        """What the listed processes hold together; None when that of one of them is unknown."""
        return _total(self.holders)

    def of(self, pids: Collection[int]) -> int | None:
        """What these processes hold together, 0 when none of them is listed; None when it is unknown."""
        return _total(self._listed(pids))

    def peak_of(self, pids: Collection[int]) -> int | None:
        """What these processes hold together, or the most that one of them has ever held, if that is more."""
        now = self.of(pids)
        return None if now is None else max((now, *(holder.peak_bytes for holder in self._listed(pids))))

    def lists(self, pids: Collection[int]) -> bool:
        """Whether one of these processes holds something."""
        return bool(self._listed(pids))

    def others_bytes(self, pids: Collection[int]) -> int:
        """What everything but these processes uses: other programs, and the driver itself."""
        own = sum((holder.used_bytes or 0) - holder.reclaimable_bytes for holder in self._listed(pids))
        return max(0, self.used_bytes - own)

    def largest_other(self, pids: Collection[int]) -> int | None:
        """The process beside these that holds most, if any is listed."""
        others = [holder for holder in self.holders if holder.pid not in pids]
        return max(others, key=lambda holder: holder.used_bytes or 0).pid if others else None

    def suspects(self, gone: Collection[int], idle: Reading | None) -> tuple[int, ...]:
        """Processes that may hold what `gone` has not given back: those listed of it, else newcomers of unknown size.

        What a newcomer of known size holds is its own.
        """
        known = {holder.pid for holder in idle.holders} if idle else set()
        listed = tuple(holder.pid for holder in self._listed(gone))
        return listed or tuple(
            holder.pid for holder in self.holders if holder.used_bytes is None and holder.pid not in known
        )

    def _listed(self, pids: Collection[int]) -> tuple[Holder, ...]:
        return tuple(holder for holder in self.holders if holder.pid in pids)


def missing_bytes(now: Reading, idle: Reading | None, gone: Collection[int], *, trusted: bool) -> int:
    """Bytes of a device that processes which are gone have not given back yet; 0 when all is back.

    `idle`: the device when nothing of ours ran there, None when that is not known. `gone`: every process of the engine
    that has ended; a driver may list one of them for a while. `trusted`: whether the driver lists our processes there,
    or none of them is alive. Otherwise what the live ones hold is unknown, and nothing can be said beyond `gone`; nor
    can it of unified memory, which lags behind.
    """
    if now.lists(gone):
        return now.of(gone) or SLACK_BYTES
    over = _over(now, idle) if idle and trusted and not now.is_unified else 0
    return over if over > SLACK_BYTES else 0


def _over(now: Reading, idle: Reading) -> int:
    """How much more is in use than when idle, apart from what listed processes hold."""
    if now.listed_bytes is None or idle.listed_bytes is None:
        return now.used_bytes - idle.used_bytes
    return (now.used_bytes - now.listed_bytes) - (idle.used_bytes - idle.listed_bytes)


def _total(holders: tuple[Holder, ...]) -> int | None:
    total = 0
    for holder in holders:
        if holder.used_bytes is None:
            return None
        total += holder.used_bytes
    return total
