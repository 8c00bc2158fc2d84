"""The record of running engines, so that the next daemon finds what the last one left.

One JSON file a fleet, replaced in one step at each change. It holds no secret: an instance is known by its plan's
fingerprint, not by its argv.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from remuda.edge.paths import write_private
from remuda.edge.process import Identity
from remuda.errors import EffectError


class Record(msgspec.Struct, frozen=True):
    """One engine that was started: where it listens, what it is, which bytes of which device it may hold.

    `unit`: the one that systemd runs it as, if it does.
    """

    model: str
    attempt: int
    fingerprint: str
    port: int
    identity: Identity
    claims: dict[str, int]
    runtime: str = "process"
    unit: str | None = None


class Records:
    """The records of one fleet, kept in step with a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[str, Record] = {}

    def load(self) -> list[Record]:
        """What the last daemon recorded; a file that is missing or damaged says nothing."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            records = msgspec.json.decode(self._path.read_bytes(), type=list[Record])
            self._records = {record.model: record for record in records}
        return list(self._records.values())

    def add(self, record: Record) -> None:
        """Remember a running engine. Raises EffectError: one without a record would be lost by a killed daemon."""
        self._records[record.model] = record
        try:
            self._save()
        except OSError as error:
            message = f"cannot record the engine of `{record.model}` in `{self._path}`: {error.strerror}"
            raise EffectError(message) from error

    def remove(self, model: str) -> None:
        """Forget an engine that is gone; a record that stays for want of space names a process that has ended."""
        if self._records.pop(model, None):
            with contextlib.suppress(OSError):
                self._save()

    def _save(self) -> None:
        write_private(self._path, msgspec.json.encode(list(self._records.values())).decode())
