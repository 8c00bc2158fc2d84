"""Logs: of one model's engine, and llama-swap's `/logs` and `/logs/stream`, of the daemon (`proxy`) and all engines.

The two of llama-swap begin with what there is already; the lines of several sources are not sorted by time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from remuda.daemon.control.operation import (
    TEXT,
    UNKNOWN_MODEL,
    Control,
    Operation,
    Refused,
    known_model,
    read_query,
    stream,
)
from remuda.daemon.journal import JournalFollower
from remuda.edge import engine_log

_FOLLOW_PAUSE_S = 0.1
_DEFAULT_LINES = 100
_MAX_LINES = 100_000

Source = str | None
"""A model, whose engine writes; None for the daemon."""


class LogsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the last lines; with `follow`, everything that comes after them, until the client leaves.

    `attempt`: of which attempt to run the engine, by its number; 0 for the last, -1 for the one before, and so on.
    """

    lines: Annotated[int, msgspec.Meta(ge=0, le=_MAX_LINES)] = _DEFAULT_LINES
    follow: bool = False
    attempt: int = 0


class StreamQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """With `no-history`, whatever its value, only what comes from now on."""

    no_history: str | None = None


class Follower(Protocol):
    """Reads what is added to a log."""

    def read(self) -> Iterator[bytes]:
        """Whatever came since the last call."""
        ...


async def _model_logs(control: Control, request: Request) -> Response:
    model = known_model(control, request)
    query = read_query(request, LogsQuery)
    path = _log(control, model, query.attempt)
    follower = control.status.instances.log_follower(model, path)
    lines = _lines(control, model, path, query.lines)
    if not query.follow:
        return PlainTextResponse(lines)
    return stream(request, _follow(control, lines, [follower]), TEXT)


def _log(control: Control, model: str, attempt: int) -> Path:
    """The log of an attempt; that of the last one is the link, which a follower follows to the next."""
    link = control.status.places.log(model)
    if attempt == 0:
        return link
    kept = engine_log.attempts(link)
    wanted = attempt if attempt > 0 else dict(enumerate(reversed(kept))).get(-attempt)
    if wanted is None or wanted not in kept:
        numbers = ", ".join(map(str, kept))
        hint = f"choose one of {numbers}" if kept else None
        raise Refused(404, f"no log of such an attempt to run `{model}` is kept", "unknown_attempt", hint=hint)
    return engine_log.of_attempt(link, wanted)


async def _logs(control: Control, request: Request) -> Response:
    del request
    return PlainTextResponse(history(control, _sources(control)))


async def _stream(control: Control, request: Request) -> Response:
    return _streamed(control, request, _sources(control))


async def _stream_one(control: Control, request: Request) -> Response:
    match request.path_params["model"]:
        case "proxy":
            sources: list[Source] = [None]
        case "upstream":
            sources = [*control.status.model_ids]
        case _:
            sources = [known_model(control, request)]
    return _streamed(control, request, sources)


def _streamed(control: Control, request: Request, sources: Sequence[Source]) -> Response:
    query = read_query(request, StreamQuery)
    following = followers(control, sources)
    first = history(control, sources) if query.no_history is None else ""
    return stream(request, _follow(control, first, following), TEXT)


def _sources(control: Control) -> list[Source]:
    return [None, *control.status.model_ids]


def followers(control: Control, sources: Sequence[Source]) -> list[Follower]:
    """Who follows each source from now on."""
    return [
        JournalFollower(control.books.journal)
        if source is None
        else control.status.instances.log_follower(source, control.status.places.log(source))
        for source in sources
    ]


def history(control: Control, sources: Sequence[Source]) -> str:
    """What the sources have said lately."""
    return "".join(
        control.books.journal.since(0)
        if source is None
        else _lines(control, source, control.status.places.log(source), _DEFAULT_LINES)
        for source in sources
    )


def _lines(control: Control, model: str, log: Path, lines: int) -> str:
    return "".join(f"{line}\n" for line in control.status.instances.log_tail(model, log, lines))


async def _follow(control: Control, first: str, following: Sequence[Follower]) -> AsyncIterator[bytes]:
    yield first.encode()
    while not control.status.dispatcher.is_ending():
        for follower in following:
            for chunk in follower.read():
                yield chunk
        await asyncio.sleep(_FOLLOW_PAUSE_S)


_BAD_QUERY = {400: "The query cannot be read."}

OPERATIONS = (
    Operation(
        "GET",
        "/api/models/{model:path}/logs",
        _model_logs,
        "The log of a model's engine",
        TEXT,
        {**_BAD_QUERY, 404: "There is no such model, or no such attempt."},
        LogsQuery,
    ),
    Operation("GET", "/logs", _logs, "The last lines of the daemon's log and of all engines'", TEXT),
    Operation(
        "GET", "/logs/stream", _stream, "All logs, until the client leaves", TEXT, {**_BAD_QUERY}, query=StreamQuery
    ),
    Operation(
        "GET",
        "/logs/stream/{model:path}",
        _stream_one,
        "One log, until the client leaves: `proxy`, `upstream` for all engines, or a model",
        TEXT,
        {**_BAD_QUERY, **UNKNOWN_MODEL},
        StreamQuery,
    ),
)
