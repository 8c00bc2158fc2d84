"""An engine that does next to nothing, so that what is measured is what stands before it.

It answers chat completions: a small one at once, or a stream whose first event comes at once and the others on a clock,
`max_tokens` of them a second. All streams of one rate get their event together, as from an engine that batches.

    python -m bench.relay.engine PORT
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys

import httptools
import uvloop

_SEEN_BYTES = 4096  # of a body: a client writes how it wants to be answered before it writes what it asks
_RATE = re.compile(rb'"max_(?:completion_)?tokens": ?(\d+)')  # the second is what sglang-router makes of the first
_STREAM = re.compile(rb'"stream": ?true')


def _event(delta: dict[str, str]) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": None}]
    content = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": choices}
    event = b"data: %b\n\n" % json.dumps(content, separators=(",", ":")).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


def _whole(content: object) -> bytes:
    body = json.dumps(content, separators=(",", ":")).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nserver: x\r\ncontent-length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


_EVENT = _event({"content": " word"})
_STREAM_BEGIN = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nserver: x\r\ntransfer-encoding: chunked\r\n\r\n"
    + _event({"role": "assistant", "content": " word"})
)


def _completion(words: int) -> bytes:
    message = {"role": "assistant", "content": " ".join(["word"] * words)}
    return _whole(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "tiny",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 200, "completion_tokens": words, "total_tokens": 200 + words},
        }
    )


# No two answers in a row are equally long.
_COMPLETIONS = itertools.cycle([_completion(words) for words in range(1, 17)])
_MODELS = _whole({"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "bench"}]})


class Clock:
    """Sends an event on each of its streams, so many times a second, for as long as there are any."""

    def __init__(self, rate: int) -> None:
        self._streams: dict[asyncio.Transport, None] = {}
        self._loop = asyncio.get_running_loop()
        self._every_s = 1 / rate

    def add(self, transport: asyncio.Transport) -> None:
        if not self._streams:
            self._loop.call_later(self._every_s, self._tick, self._loop.time() + self._every_s)
        self._streams[transport] = None

    def discard(self, transport: asyncio.Transport) -> None:
        self._streams.pop(transport, None)

    def _tick(self, at: float) -> None:
        for transport in tuple(self._streams):
            transport.write(_EVENT)
        if self._streams:
            self._loop.call_at(at + self._every_s, self._tick, at + self._every_s)


class Connection(asyncio.Protocol):
    """One connection; `clocks` are those of the engine, by rate."""

    def __init__(self, clocks: dict[int, Clock]) -> None:
        self._clocks = clocks
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._seen = b""
        self._clock: Clock | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def pause_writing(self) -> None:
        # Who does not keep up gets fewer events, rather than all the memory.
        if self._clock is not None:
            self._clock.discard(self._transport)

    def resume_writing(self) -> None:
        if self._clock is not None:
            self._clock.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._clock is not None:
            self._clock.discard(self._transport)

    def on_body(self, piece: bytes) -> None:
        if len(self._seen) < _SEEN_BYTES:
            self._seen += piece[:_SEEN_BYTES]

    def on_message_complete(self) -> None:
        seen, self._seen = self._seen, b""
        if not seen:
            self._transport.write(_MODELS)
        elif _STREAM.search(seen):
            self._transport.write(_STREAM_BEGIN)
            self._tick_at(int(found[1]) if (found := _RATE.search(seen)) else 1)
        else:
            self._transport.write(next(_COMPLETIONS))

    def _tick_at(self, rate: int) -> None:
        if rate not in self._clocks:
            self._clocks[rate] = Clock(rate)
        self._clock = self._clocks[rate]
        self._clock.add(self._transport)


async def serve(port: int) -> None:
    """Serve until killed."""
    clocks: dict[int, Clock] = {}
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Connection(clocks), "127.0.0.1", port, backlog=4096)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
