"""The clients: what they send, and what they saw.

A client of small requests asks again as soon as it is answered. One of a stream counts its events as they come, without
parsing the framing, because the clients must not be what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import selectors
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httptools

KEY = "sk-0123456789abcdef0123456789abcdef"
_MARK = b"data: "
_PATIENCE_S = 30.0


def request(*, events_per_s: int = 0, content_bytes: int = 880) -> bytes:
    """A request as an SDK sends it: ten fields and, if nothing else is asked, 1 kB of JSON."""
    content = {"model": "tiny", "stream": events_per_s > 0, "max_tokens": events_per_s or 1}
    messages = [{"role": "user", "content": "x" * content_bytes}]
    body = json.dumps(content | {"messages": messages}, separators=(",", ":"))
    fields = {
        "host": "127.0.0.1:8080",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "user-agent": "OpenAI/Python 1.99.0",
        "x-stainless-lang": "python",
        "x-stainless-os": "Linux",
        "x-stainless-runtime": "CPython",
        "content-length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n{body}".encode()


@dataclass
class Tally:
    """What came back: answers with their latencies, or events; and what should not have."""

    count: int = 0
    failures: int = 0
    latencies_s: list[float] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what came until now."""
        self.count = self.failures = 0
        self.latencies_s.clear()


class Asker(asyncio.Protocol):
    """Asks, and asks for something else as soon as it is answered."""

    def __init__(self, tally: Tally, payloads: Iterator[bytes]) -> None:
        self._tally = tally
        self._payloads = payloads
        self._asked = 0.0
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.failures += 1

    def on_message_complete(self) -> None:
        tally = self._tally
        tally.latencies_s.append(time.perf_counter() - self._asked)
        tally.count += 1
        if self._parser.get_status_code() != 200:
            tally.failures += 1
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(next(self._payloads))


class Reader(asyncio.Protocol):
    """Asks for a stream, and counts its events."""

    def __init__(self, tally: Tally, payload: bytes) -> None:
        self._tally = tally
        self._payload = payload
        self.events = 0
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._payload)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        events = data.count(_MARK)
        self.events += events
        self._tally.count += events

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self._tally.failures += 1


@contextlib.asynccontextmanager
async def crowd(port: int, count: int, client: Callable[[], asyncio.Protocol]) -> AsyncIterator[list[asyncio.Protocol]]:
    """So many clients at once, until the block is left."""
    loop = asyncio.get_running_loop()
    made: list[asyncio.Protocol] = []
    transports: list[asyncio.Transport] = []
    try:
        for _ in range(count):
            transport, protocol = await loop.create_connection(client, "127.0.0.1", port)
            transports.append(transport)
            made.append(protocol)
        yield made
    finally:
        for transport in transports:
            transport.abort()
        await asyncio.sleep(0.2)


def once(port: int, payload: bytes) -> float:
    """Ask once, on a connection of its own; returns the seconds until the answer has begun. Raises OSError."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as connection:
        began = time.perf_counter()
        connection.sendall(payload)
        answer = connection.recv(65536)
        took_s = time.perf_counter() - began
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise OSError(f"unexpected answer: {answer[:200]!r}")
    return took_s


def first_events(port: int, count: int, payload: bytes) -> Sequence[float]:
    """Open so many streams at once; returns the seconds from each one's connecting to its first event."""
    began: dict[socket.socket, float] = {}
    took_s: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            connection = socket.socket()
            began[connection] = time.perf_counter()
            connection.connect(("127.0.0.1", port))
            connection.sendall(payload)
            selector.register(connection, selectors.EVENT_READ, connection)
        until = time.perf_counter() + _PATIENCE_S
        while len(took_s) < count and (now := time.perf_counter()) < until and selector.get_map():
            for key, _ in selector.select(until - now):
                connection = key.data
                answer = connection.recv(65536)
                if _MARK in answer:
                    took_s.append(time.perf_counter() - began[connection])
                if _MARK in answer or not answer:
                    selector.unregister(connection)
    for connection in began:
        connection.close()
    return took_s + [float("inf")] * (count - len(took_s))
