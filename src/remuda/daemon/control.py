"""The control API: what `remuda ps`, `load`, `unload` and `logs` talk to, on a unix socket that only its owner opens.

| Request | Answer |
|---|---|
| `GET /api/status` | the daemon: version, pid, fleet file, address |
| `GET /api/models` | every model with its state |
| `POST /api/models/{id}/load` | waits until it is ready; 502 when it cannot be started, 503 when it may not |
| `POST /api/models/{id}/unload?kill=` | returns at once; its requests finish first unless killed |
| `GET /api/models/{id}/logs?lines=&follow=` | the engine's log as text; with `follow`, until the client leaves |

Errors are `{"error": {"message", "code", "hint"}}`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from remuda.daemon.status import Status
from remuda.edge import engine_log, unix_socket
from remuda.edge.http.seam import Endpoint
from remuda.errors import EffectError
from remuda.residency.commands import Refuse
from remuda.spec.nearest import suggestion

_FOLLOW_PAUSE_S = 0.1
_DEFAULT_LINES = 100
_MAX_LINES = 100_000


@dataclass(slots=True)
class _Load:
    """Waits for a grant as a client of the gateway would."""

    outcome: asyncio.Future[Refuse | None]

    def granted(self, endpoint: Endpoint) -> None:
        del endpoint
        if not self.outcome.done():
            self.outcome.set_result(None)

    def refused(self, refusal: Refuse) -> None:
        if not self.outcome.done():
            self.outcome.set_result(refusal)


class Control:
    """The API's handlers, over the status of a running daemon."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def app(self) -> Starlette:
        """The API as an ASGI application."""
        return Starlette(
            routes=[
                Route("/api/status", self.status),
                Route("/api/models", self.models),
                Route("/api/models/{model:path}/load", self.load, methods=["POST"]),
                Route("/api/models/{model:path}/unload", self.unload, methods=["POST"]),
                Route("/api/models/{model:path}/logs", self.logs),
            ]
        )

    async def status(self, request: Request) -> Response:
        """The daemon."""
        del request
        return JSONResponse(self._status.daemon())

    async def models(self, request: Request) -> Response:
        """Every model."""
        del request
        return JSONResponse({"models": [asdict(row) for row in self._status.models()]})

    async def load(self, request: Request) -> Response:
        """Load a model and wait until it is ready."""
        model = request.path_params["model"]
        if unknown := self._unknown(model):
            return unknown
        dispatcher = self._status.dispatcher
        number = dispatcher.next_number()
        load = _Load(asyncio.get_running_loop().create_future())
        dispatcher.ask(number, model, load)
        try:
            refusal = await load.outcome
        except asyncio.CancelledError:
            dispatcher.abandon(number)
            raise
        if refusal is None:
            dispatcher.end(number)
            return JSONResponse(asdict(self._status.model(model)))
        if refusal.failure is None:
            return _error(503, refusal.message, refusal.kind)
        return _error(502, refusal.message, refusal.failure.kind, hint=f"read `remuda logs {model}`")

    async def unload(self, request: Request) -> Response:
        """Take a model out of memory."""
        model = request.path_params["model"]
        if unknown := self._unknown(model):
            return unknown
        self._status.dispatcher.unload(model, kill=request.query_params.get("kill") == "true")
        return JSONResponse(asdict(self._status.model(model)))

    async def logs(self, request: Request) -> Response:
        """The log of a model's engine."""
        model = request.path_params["model"]
        if unknown := self._unknown(model):
            return unknown
        try:
            count = min(int(request.query_params.get("lines", _DEFAULT_LINES)), _MAX_LINES)
        except ValueError:
            return _error(400, "cannot read `lines`: expected a whole number", "bad_parameter")
        path = self._status.places.log(model)
        follower = engine_log.Follower(path)
        lines = "".join(f"{line}\n" for line in engine_log.tail(path, max(count, 0)))
        if request.query_params.get("follow") != "true":
            return PlainTextResponse(lines)
        return StreamingResponse(_follow(lines, follower), media_type="text/plain")

    def _unknown(self, model: str) -> Response | None:
        known = self._status.model_ids
        if model in known:
            return None
        hint = suggestion(model, known, otherwise=f"choose one of `{'`, `'.join(known)}`")
        return _error(404, f"there is no model `{model}` in this fleet", "model_not_found", hint=hint)


async def _follow(first: str, follower: engine_log.Follower) -> AsyncIterator[bytes]:
    yield first.encode()
    while True:
        for chunk in follower.read():
            yield chunk
        await asyncio.sleep(_FOLLOW_PAUSE_S)


def _error(status: int, message: str, code: str, *, hint: str | None = None) -> Response:
    return JSONResponse({"error": {"message": message, "code": code, "hint": hint}}, status_code=status)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the daemon has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ControlServer:
    """Serves the control API on a socket file, from `start` to `close`."""

    def __init__(self, status: Status, path: Path) -> None:
        self._path = path
        config = uvicorn.Config(
            Control(status).app(),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen; whoever holds the daemon's lock may replace a socket that a killed daemon left."""
        try:
            listener = unix_socket.listen(self._path)
        except OSError as error:
            message = f"cannot listen on the control socket `{self._path}`: {error}"
            raise EffectError(message, hint="set `XDG_RUNTIME_DIR` to a directory of yours") from error
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[listener]))

    async def close(self) -> None:
        """End open requests and remove the socket."""
        self._server.should_exit = True
        if self._task:
            await self._task
        self._path.unlink(missing_ok=True)
