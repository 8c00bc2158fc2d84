"""What an engine says, at the very end of a response or of a stream, about the work done.

Only the last bytes are looked at, so that no body is kept, and whatever the protocol: OpenAI's `usage`, with the names
that embeddings, Responses and Anthropic give its members, llama.cpp's `timings`, the counts of Ollama. Each is found by
its key: what a model writes cannot pass for it, since inside a JSON string every quote has a backslash before it, and
the key with its two quotes and colon has none. Arguments of a tool are no string in some protocols, so the last object
that counts something is the one that counts.

A stream of Anthropic's may tell the prompt at its beginning alone; then it is not known here.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from remuda.gateway.record import Usage

_OLLAMA = b'"total_duration":'
_TRIES = 8
_NS_PER_MS = 1e6


class _Details(msgspec.Struct, frozen=True, gc=False):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None


class _Timings(msgspec.Struct, frozen=True, gc=False):
    prompt_n: int | None = None
    predicted_n: int | None = None
    cache_n: int | None = None
    prompt_ms: float | None = None
    predicted_ms: float | None = None


class _Ollama(msgspec.Struct, frozen=True, gc=False):
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_duration: int | None = None


T = TypeVar("T")


class _Whole(msgspec.Struct, frozen=True, gc=False):
    """An answer in one piece, of which nothing else is read."""

    usage: _Usage | None = None
    timings: _Timings | None = None


_USAGE = b'"usage":'
_READ_WHOLE = msgspec.json.Decoder(_Whole)
_READ_USAGE = msgspec.json.Decoder(_Usage)
_READ_TIMINGS = msgspec.json.Decoder(_Timings)
_READ_OLLAMA = msgspec.json.Decoder(_Ollama)
_NO_USAGE, _NO_TIMINGS, _NO_COUNTS = _Usage(), _Timings(), _Ollama()


def read_usage(tail: bytes, *, is_whole: bool = False) -> Usage | None:
    """What the last bytes of a response tell; None when they tell nothing. `is_whole`: there is nothing before them."""
    if is_whole and (whole := _decode(tail, _READ_WHOLE)) is not None and whole.usage is not None:
        return _from_usage(whole.usage, whole.timings or _NO_TIMINGS)
    usage = _last(tail, _USAGE, _READ_USAGE, _NO_USAGE)
    timings = _last(tail, b'"timings":', _READ_TIMINGS, _NO_TIMINGS)
    if usage is not None:
        return _from_usage(usage, timings or _NO_TIMINGS)
    if timings is not None:
        return _from_timings(timings)
    return _read_ollama(tail)


def _last(tail: bytes, key: bytes, decoder: msgspec.json.Decoder[T], nothing: T) -> T | None:
    """The last object under this key that says something."""
    at = len(tail)
    for _ in range(_TRIES):
        at = tail.rfind(key, 0, at)
        if at < 0:
            return None
        found = _object(tail, at + len(key), decoder)
        if found is not None and found != nothing:
            return found
    return None


def _object(tail: bytes, start: int, decoder: msgspec.json.Decoder[T]) -> T | None:
    """The object that begins here: up to the first closing brace that leaves none open.

    Braces inside strings would mislead; no engine writes any, and then nothing is found.
    """
    end = start
    for _ in range(_TRIES):
        end = tail.find(b"}", end) + 1
        text = tail[start:end]
        if not end or text.count(b"{") == text.count(b"}"):
            return _decode(text, decoder)
    return None


def _decode(text: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _from_usage(usage: _Usage, timings: _Timings) -> Usage:
    details = usage.prompt_tokens_details or usage.input_tokens_details
    cached = details.cached_tokens if details else usage.cache_read_input_tokens
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    return Usage(
        _prompt_tokens(usage) if prompt is None else prompt,
        usage.output_tokens if completion is None else completion,
        timings.cache_n if cached is None else cached,
        timings.prompt_ms,
        timings.predicted_ms,
    )


def _prompt_tokens(usage: _Usage) -> int | None:
    """All tokens of the prompt: Anthropic's `input_tokens` leave out those that came from a cache or went into one."""
    if usage.input_tokens is not None:
        cache = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        return usage.input_tokens + cache
    return usage.total_tokens if usage.completion_tokens is None and usage.output_tokens is None else None


def _from_timings(timings: _Timings) -> Usage:
    """llama.cpp's `prompt_n` leaves out what was in its cache."""
    prompt = None if timings.prompt_n is None else timings.prompt_n + (timings.cache_n or 0)
    return Usage(prompt, timings.predicted_n, timings.cache_n, timings.prompt_ms, timings.predicted_ms)


def _read_ollama(tail: bytes) -> Usage | None:
    """Ollama's counts are the last members of its last object, from `total_duration` on."""
    start = tail.rfind(_OLLAMA)
    end = tail.find(b"}", start) + 1
    found = _decode(b"{" + tail[start:end], _READ_OLLAMA) if start >= 0 and end else None
    if found is None or found == _NO_COUNTS:
        return None
    prompt_ms, predicted_ms = _ms(found.prompt_eval_duration), _ms(found.eval_duration)
    return Usage(found.prompt_eval_count, found.eval_count, None, prompt_ms, predicted_ms)


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / _NS_PER_MS
