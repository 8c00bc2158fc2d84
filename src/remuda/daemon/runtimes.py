"""How an instance is run: one protocol for every runtime, so that the daemon need not know which it is.

A runtime brings a program up and hands back a `Running`; whether that program can serve is for the launcher to see, the
same way for all. What runs is known by its main process on this machine, also in a container: its end is then seen
through a pidfd at once, its memory is counted like any other's, and the record on disk is the same for all.

`remuda.edge.process.Process` is a `Running`; so is `remuda.edge.containers.container.Container`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remuda.edge.containers.complaint import ContainerError
from remuda.edge.process import Identity
from remuda.edge.records import Record
from remuda.engines.contract import Failure, FailureKind, Order
from remuda.errors import EffectError
from remuda.plan.plan import Instance


class Running(Protocol):
    """An instance's program, from its start until nothing of it is left."""

    @property
    def identity(self) -> Identity:
        """Its main process on this machine; what a record keeps of it."""
        ...

    @property
    def exited(self) -> asyncio.Future[int | None]:
        """Completes when the main process ends: the exit status as `subprocess` has it, None when it is not known.

        Await it shielded: it is shared.
        """
        ...

    @property
    def is_out_of_memory(self) -> bool:
        """Whether the kernel ended it at a memory limit of its own; meaningful once it has exited."""
        ...

    def members(self) -> list[int]:
        """The pids of all its live processes."""
        ...

    def holds(self, port: int) -> bool:
        """Whether who listens on this port of the machine is this program, and not another."""
        ...

    async def stop(self, signal_number: int, grace_s: float) -> None:
        """Send the signal, wait for so many seconds, kill; returns when nothing of it is left. Raises EffectError."""
        ...

    async def sweep(self) -> None:
        """Kill and remove whatever is left, at once. Raises EffectError."""
        ...

    def release(self) -> None:
        """Stop watching; the program goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """One start: which attempt it is, the resolved order, and the log that the program's output is appended to.

    `order.host` and `order.port` are where the instance has to be reached; `order.program` is empty for a container.
    """

    instance: Instance
    attempt: int
    order: Order
    log: Path


class Runtime(Protocol):
    """One way to run instances. `failure_of` makes a failure of what it raises."""

    async def prepare(self, instance: Instance, log: Path) -> None:
        """Get what the instance needs before it can start, such as its image, however long that takes.

        Progress goes to the log. No timer of the instance's health runs meanwhile. Raises EffectError.
        """
        ...

    async def start(self, start: Start) -> Running:
        """Start the program. Raises EffectError. Cancelled or failed, it leaves nothing behind."""
        ...

    async def adopt(self, record: Record, log: Path) -> Running | None:
        """Take over what an earlier daemon started; None when it no longer runs, and nothing of it is left then."""
        ...

    async def clear(self, kept: Collection[str]) -> None:
        """End what an earlier daemon of this fleet left running without a record, but for these models' instances."""
        ...


def failure_of(error: EffectError) -> Failure:
    """Why an instance could not be prepared or started, for whoever waits for it."""
    kind = error.kind if isinstance(error, ContainerError) else FailureKind.EXITED
    return Failure(kind, f"{error.message}; {error.hint}" if error.hint else error.message)
