"""`GET /api/events`: what changes, as server-sent events in llama-swap's words.

Each event's data is `{"type", "data"}`, the latter JSON in a string: `modelStatus` has every model, whenever one
changes; `activity` the number of the last request that is over; `logData` lines of a log. A client gets everything that
there is first, then what changes. Nothing is queued for it: what is sent is the difference between what it was last
sent and what is so now. So a slow client gets fewer and later events, and it can never be out of step.

The `id` of the events counts from 1 in each stream. A client that reconnects begins anew, whatever it had read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.logs import followers, history
from remuda.daemon.control.operation import EVENTS, Control, Operation, stream
from remuda.daemon.status import ModelStatus
from remuda.plan.serving import Serving

_LOOK_EVERY_S = 0.25
_SILENCE_S = 15.0
# The interface of llama-swap has no words for these; what sleeps has to come first as what is stopped has.
_STATES = {"draining": "stopping", "falling_asleep": "stopping", "asleep": "stopped", "waking": "starting"}
_CAPABILITIES = {"vision": "vision", "tools": "function_calling", "reranking": "reranker"}


class _View:
    """What one client has been sent."""

    def __init__(self, control: Control) -> None:
        self._control = control
        models = control.status.model_ids
        self._logs = [("proxy", follower) for follower in followers(control, [None])]
        self._logs += [("upstream", follower) for follower in followers(control, models)]
        self._models = b""
        self._activity = -1

    def first(self) -> Iterator[bytes]:
        """Everything that there is."""
        yield _log("proxy", history(self._control, [None]))
        yield _log("upstream", history(self._control, self._control.status.model_ids))
        yield from self.changes()

    def changes(self) -> Iterator[bytes]:
        """What is not as it was sent."""
        status = self._control.status
        rows = [model_row(model, status.plan_instances[model.id].serving) for model in status.models()]
        models = msgspec.json.encode(rows)
        if models != self._models:
            self._models = models
            yield _event("modelStatus", models)
        activity = self._control.books.accounts.count
        if activity != self._activity:
            self._activity = activity
            yield _event("activity", msgspec.json.encode({"id": activity}))
        for source, follower in self._logs:
            for chunk in follower.read():
                yield _log(source, chunk.decode(errors="replace"))


def model_row(model: ModelStatus, serving: Serving) -> dict[str, Any]:
    """A model as llama-swap's interface reads it, and what ours has beside that."""
    return {
        "id": model.id,
        "name": model.name,
        "description": "",
        "state": _STATES.get(model.state, model.state),
        "unlisted": serving.is_unlisted,
        "peerID": "",
        "aliases": serving.aliases,
        "capabilities": {_CAPABILITIES[able]: True for able in serving.capabilities if able in _CAPABILITIES},
        "context_length": serving.context_length or 0,
        "engine": model.engine,
        "in_flight": model.in_flight,
        "waiting": model.waiting,
        "waiting_for": model.waiting_for,
        "failure": model.failure,
    }


def _log(source: str, text: str) -> bytes:
    return _event("logData", msgspec.json.encode({"source": source, "data": text}))


def _event(kind: str, data: bytes) -> bytes:
    return msgspec.json.encode({"type": kind, "data": data.decode()})


async def _stream(control: Control) -> AsyncIterator[bytes]:
    view = _View(control)
    numbers = count(1)
    loop = asyncio.get_running_loop()
    messages, spoke = view.first(), loop.time()
    while not control.status.dispatcher.is_ending():
        for message in messages:
            yield b"id:%d\nevent:message\ndata:%b\n\n" % (next(numbers), message)
            spoke = loop.time()
        if loop.time() - spoke > _SILENCE_S:
            yield b":\n\n"
            spoke = loop.time()
        await asyncio.sleep(_LOOK_EVERY_S)
        messages = view.changes()


async def _events(control: Control, request: Request) -> Response:
    return stream(request, _stream(control), EVENTS)


OPERATIONS = (Operation("GET", "/api/events", _events, "What changes, until the client leaves", EVENTS),)
