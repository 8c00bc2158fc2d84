"""The access log: a line of JSON for every request that is over.

Lines wait in memory and are written together, in a thread; they are made before that, since a thread that computes
keeps the event loop waiting for longer than it takes. When nothing can be written (the disk is full, the directory
gone), lines are dropped rather than collected without end, and the next that succeed are preceded by how many were
lost. A file that was moved away, as logrotate does, is noticed at the next write.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from remuda.errors import EffectError
from remuda.gateway.record import Record

MOST_WAITING = 65_536
_STDERR = 2
_MS = 1000.0
_ENCODER = msgspec.json.Encoder()


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line; `null` where something is not known. `queue_ms` and `first_byte_ms` count from the arrival."""

    time: str
    client: str
    key: str
    method: str
    path: str
    model: str
    asked: str
    status: int
    stream: bool
    queue_ms: float
    first_byte_ms: float | None
    duration_ms: float
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    bytes_in: int
    bytes_out: int
    error: str


class Lost(msgspec.Struct, frozen=True):
    """Stands for lines that could not be written."""

    lost: int


class AccessLog:
    """Writes to a file, or to standard error. `take` is for the event loop; `flush` and `close` may be for a thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor = -1 if path else _STDERR
        self._waiting: list[bytes] = []
        self._lost = 0
        self._is_torn = False

    def take(self, records: Sequence[Record]) -> None:
        """Write these at the next flush."""
        self._waiting += map(_encoded, records)
        if (excess := len(self._waiting) - MOST_WAITING) > 0:
            del self._waiting[:excess]
            self._lost += excess

    def open(self) -> None:
        """Open the file already, so that one that cannot be written is known before there is something to write.

        Raises EffectError.
        """
        try:
            self._reopen_when_moved()
        except OSError as error:
            raise self._cannot_write(error) from error

    def flush(self) -> None:
        """Write what waits. Raises EffectError; then it is lost."""
        lines, self._waiting = self._waiting, []
        lost, self._lost = self._lost, 0
        if not lines and not lost:
            return
        told = _ENCODER.encode(Lost(lost)) + b"\n" if lost else b""
        try:
            self._reopen_when_moved()
            # What a full disk has cut off must not run into the next line.
            self._write((b"\n" if self._is_torn else b"") + told + b"".join(lines))
        except OSError as error:
            self._lost += lost + len(lines)
            raise self._cannot_write(error) from error

    def close(self) -> None:
        """Write what waits and close the file. Raises EffectError."""
        try:
            self.flush()
        finally:
            if self._path and self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _cannot_write(self, error: OSError) -> EffectError:
        message = f"cannot write the access log `{self._path or 'standard error'}`: {error.strerror}"
        return EffectError(message, hint="mend that; requests are answered meanwhile, but not logged")

    def _reopen_when_moved(self) -> None:
        if self._path is None:
            return
        if self._descriptor >= 0 and not _is_at(self._descriptor, self._path):
            os.close(self._descriptor)
            self._descriptor = -1
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._is_torn = False

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.write(self._descriptor, rest)
            self._is_torn = rest[written - 1] != ord("\n")
            rest = rest[written:]


def _encoded(record: Record) -> bytes:
    return _ENCODER.encode(line(record)) + b"\n"


def line(record: Record) -> Line:
    """What is logged of a request."""
    usage = record.usage
    return Line(
        time=iso(record.at),
        client=record.client,
        key=record.key,
        method=record.method,
        path=record.path,
        model=record.model,
        asked=record.asked,
        status=record.status,
        stream=record.stream,
        queue_ms=round(record.queued_s * _MS, 3),
        first_byte_ms=None if record.first_byte_s is None else round(record.first_byte_s * _MS, 3),
        duration_ms=round(record.took_s * _MS, 3),
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        cached_tokens=usage.cached_tokens if usage else None,
        bytes_in=record.bytes_in,
        bytes_out=record.bytes_out,
        error=record.error,
    )


def iso(at: float) -> str:
    """A time in seconds since 1970, in ISO 8601 with milliseconds, in UTC."""
    second = int(at)
    return f"{_second(second)}.{int((at - second) * _MS):03}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _is_at(descriptor: int, path: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
