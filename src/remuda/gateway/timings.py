"""llama.cpp's `timings`, added to the responses of engines that have none, so that nobody patches an engine for them.

What an engine counts comes from its `usage`; the times are the gateway's own. A stream tells when its first token came:
`prompt_ms` is the time until then, `predicted_ms` from then on. An answer in one piece does not, so it gets no
`prompt_ms`, and its `predicted_ms` is the whole time.

In a stream the timings come as one more chunk without choices before `[DONE]`, as OpenAI's own usage does. The usage
that was asked for only on their account is taken out again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

_END = b"\n\n"
_DATA = b"data: "
_DONE = b"[DONE]"
_MS = 1000.0


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Chunk(msgspec.Struct):
    usage: _Usage | None = None
    choices: tuple[msgspec.Raw, ...] = ()
    timings: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    id: str = ""
    object: str = "chat.completion.chunk"
    created: int = 0
    model: str = ""


_CHUNK = msgspec.json.Decoder(_Chunk)


class Timings:
    """The way back of one response. `clock` gives seconds; it is looked at now, since the request is about to leave."""

    def __init__(self, clock: Callable[[], float], *, hides_usage: bool) -> None:
        self._clock = clock
        self._began = clock()
        self._hides_usage = hides_usage

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The answer with `timings` as its last member."""
        took_s = self._clock() - self._began
        closing = body.rfind(b"}")
        chunk = _read(body)
        if chunk is None or chunk.usage is None or chunk.timings is not msgspec.UNSET or closing <= 0:
            return status, body
        timings = msgspec.json.encode(_timings(chunk.usage, None, took_s))
        return status, b'%b,"timings":%b}' % (body[:closing], timings)

    def events(self) -> Events:
        """The translator of a stream."""
        return Events(self._clock, self._began, hides_usage=self._hides_usage)


class Events:
    """Passes whole events on, and puts one before the last."""

    content_type = b"text/event-stream"

    def __init__(self, clock: Callable[[], float], began: float, *, hides_usage: bool) -> None:
        self._clock = clock
        self._began = began
        self._hides_usage = hides_usage
        self._first: float | None = None
        self._rest = b""
        self._last: _Chunk | None = None

    def feed(self, data: bytes) -> bytes:
        """The events that are complete."""
        whole, end, self._rest = (self._rest + data).rpartition(_END)
        if not end:
            return b""
        if self._first is None:
            self._first = self._clock()
        whole += end
        # Only the last chunks of a stream have a usage that is not null; nothing else is looked into.
        if b'"usage":' not in whole and _DONE not in whole:
            return whole
        return b"".join(self._seen(event + _END) for event in whole[: -len(_END)].split(_END))

    def end(self) -> bytes:
        """An event that was cut off, as it is."""
        return self._rest

    def _seen(self, event: bytes) -> bytes:
        payload = event.partition(_DATA)[2].strip()
        if payload == _DONE:
            return self._told() + event
        chunk = _read(payload) if b'"usage":' in payload else None
        if chunk is None or chunk.usage is None:
            return event
        self._last = chunk
        return b"" if self._hides_usage and not chunk.choices else event

    def _told(self) -> bytes:
        last = self._last
        if last is None or last.usage is None or last.timings is not msgspec.UNSET:
            return b""
        first = self._first if self._first is not None else self._began
        chunk: dict[str, Any] = {
            "id": last.id,
            "object": last.object,
            "created": last.created,
            "model": last.model,
            "choices": (),
            "timings": _timings(last.usage, first - self._began, self._clock() - first),
        }
        return b"data: %b\n\n" % msgspec.json.encode(chunk)


def _read(text: bytes) -> _Chunk | None:
    try:
        return _CHUNK.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _timings(usage: _Usage, prompt_s: float | None, predicted_s: float) -> dict[str, float | int]:
    cached = (usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens) or 0
    processed = usage.prompt_tokens - cached
    found: dict[str, float | int] = {"cache_n": cached, "prompt_n": processed}
    if prompt_s is not None:
        found |= {"prompt_ms": prompt_s * _MS, "prompt_per_second": _rate(processed, prompt_s)}
    predicted = usage.completion_tokens
    return found | {
        "predicted_n": predicted,
        "predicted_ms": predicted_s * _MS,
        "predicted_per_second": _rate(predicted, predicted_s),
    }


def _rate(count: int, took_s: float) -> float:
    return count / took_s if took_s > 0 else 0.0
