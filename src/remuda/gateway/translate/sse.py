"""Reads an event stream (`text/event-stream`, WHATWG HTML §9.2) as its bytes arrive, split anywhere.

Each byte is looked at a fixed number of times, however the stream is cut, and no event may be larger than
`MAX_EVENT_BYTES`, so neither an engine's slow drip nor its endless line can hurt the gateway. Comments, `id`, `retry`
and unknown fields are skipped; an event without data is none, and neither is one that the stream's end cuts off. A byte
order mark is not looked for: no engine writes one.
"""

from __future__ import annotations

from typing import NamedTuple

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""How large the data of one event, or one line, may be."""


class Event(NamedTuple):
    """One event: its name, empty where the stream gives none, and its lines of data, joined by line feeds."""

    name: str
    data: bytes


class EventSizeError(ValueError):
    """An event is larger than `MAX_EVENT_BYTES`; nothing that follows can be read."""


class EventReader:
    """Bytes in, events out, as soon as they are complete."""

    __slots__ = ("_data", "_line", "_name", "_size", "_skip_lf")

    def __init__(self) -> None:
        self._line = bytearray()
        self._skip_lf = False
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete. Raises `EventSizeError`."""
        if self._skip_lf and data:
            data = data.removeprefix(b"\n")
            self._skip_lf = False
        if not data:
            return []
        self._skip_lf = data.endswith(b"\r")
        lines = data.splitlines()
        rest = b"" if data.endswith((b"\n", b"\r")) else lines.pop()
        if lines and self._line:
            lines[0] = bytes(self._line) + lines[0]
            self._line.clear()
        self._line += rest
        events = [event for line in lines if (event := self._take(line)) is not None]
        self._check(len(self._line))
        return events

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._complete()
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            self._check()
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode(errors="replace")
        return None

    def _complete(self) -> Event | None:
        event = Event(self._name, b"\n".join(self._data)) if self._data else None
        self._name = ""
        self._data = []
        self._size = 0
        return event

    def _check(self, more: int = 0) -> None:
        if self._size + more > MAX_EVENT_BYTES:
            raise EventSizeError(f"an event of the stream is larger than {MAX_EVENT_BYTES} bytes")
