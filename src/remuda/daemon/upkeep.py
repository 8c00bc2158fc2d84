"""What the instances need of whoever watches their memory (`remuda.daemon.memory`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from remuda.daemon.release import Held, Released
from remuda.plan.plan import Instance


class Upkeep(Protocol):
    """Watches the memory of instances from their first process on."""

    def watch(self, instance: Instance, members: Callable[[], Collection[int]]) -> None:
        """An instance has been started; `members` are its live processes at any time."""
        ...

    def ready(self, model: str, load_s: float | None = None) -> None:
        """It can serve, after so many seconds; None when it was taken over."""
        ...

    async def slept(self, model: str) -> Mapping[str, int]:
        """It is asleep: return when its memory is back, or not for a while, with what it keeps of which devices."""
        ...

    def woken(self, model: str) -> None:
        """It takes its memory again, and cannot serve before the next `ready`."""
        ...

    async def released(self, model: str) -> Released | Held:
        """It is gone: return when its memory is back, or does not come back."""
        ...


class NotWatched:
    """Takes it that memory is back with the end of the last process."""

    def watch(self, instance: Instance, members: Callable[[], Collection[int]]) -> None:
        """Nothing to do."""

    def ready(self, model: str, load_s: float | None = None) -> None:
        """Nothing to do."""

    async def slept(self, model: str) -> Mapping[str, int]:
        """At once; nothing is known."""
        del model
        return {}

    def woken(self, model: str) -> None:
        """Nothing to do."""

    async def released(self, model: str) -> Released | Held:
        """At once."""
        del model
        return Released(0)
