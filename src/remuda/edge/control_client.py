"""Talks to a running daemon over its control socket: one connection a request, plain HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from remuda.edge import unix_socket
from remuda.edge.paths import places, private_directory, runtime_root
from remuda.errors import EffectError, SpecError, UnsatisfiableError

_CHUNK_BYTES = 64 * 1024


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = unix_socket.connect(self._path)


class ControlClient:
    """The control API of one daemon; every method raises EffectError when nobody answers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, path: str, **parameters: str) -> Any:
        """The JSON that a GET answers."""
        return self._ask("GET", path, parameters)

    def post(self, path: str, **parameters: str) -> Any:
        """The JSON that a POST answers."""
        return self._ask("POST", path, parameters)

    def delete(self, path: str, **parameters: str) -> Any:
        """The JSON that a DELETE answers."""
        return self._ask("DELETE", path, parameters)

    def _ask(self, method: str, path: str, parameters: Mapping[str, str]) -> Any:
        query = f"?{urlencode(parameters)}" if parameters else ""
        with self._request(method, path + query) as response:
            return json.load(response)

    def stream(self, path: str, **parameters: str) -> Iterator[bytes]:
        """The bytes of a GET, as they come."""
        with self._request("GET", f"{path}?{urlencode(parameters)}") as response:
            while chunk := response.read1(_CHUNK_BYTES):
                yield chunk

    def hold(self, path: str) -> None:
        """POST, and return when the daemon that answers has gone, or ends its answer."""
        with self._request("POST", path) as response, contextlib.suppress(OSError, http.client.HTTPException):
            response.read()

    @contextlib.contextmanager
    def _request(self, method: str, path: str) -> Iterator[http.client.HTTPResponse]:
        with contextlib.closing(_UnixConnection(self._path)) as connection:
            try:
                connection.request(method, path)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                message = f"cannot reach the daemon at `{self._path}`: {error}"
                raise EffectError(message, hint="start it with `remuda up`") from error
            with response:
                if response.status >= http.client.BAD_REQUEST:
                    raise _error(response.status, response.read())
                yield response


def model_path(model: str, action: str) -> str:
    """The API path of an action on a model."""
    return f"/api/models/{quote(model, safe='')}/{action}"


def _error(status: int, body: bytes) -> Exception:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return EffectError(f"the daemon answered {status}: {body[:200].decode(errors='replace')}")
    message, hint = error["message"], error.get("hint")
    if status == http.client.NOT_FOUND or error["code"] == "cannot_reload":
        return SpecError(message, hint=hint)
    if error["code"] == "cannot_fit":
        return UnsatisfiableError(message, hint=hint)
    return EffectError(message, hint=hint)


def find(fleet_file: Path | None) -> ControlClient:
    """The daemon of a fleet file; without one, the only daemon that runs. Raises EffectError."""
    if runtime_root().exists():
        private_directory(runtime_root())
    if fleet_file is not None:
        path = places(fleet_file).socket
        if not path.exists():
            message = f"no daemon serves `{fleet_file}`"
            raise EffectError(message, hint=f"start it with `remuda up -f {fleet_file}`")
        return ControlClient(path)
    running = [path for path in sorted(runtime_root().glob("*/control.sock")) if _is_live(path)]
    if not running:
        message = "no daemon is running"
        raise EffectError(message, hint="start one with `remuda up`")
    if len(running) > 1:
        fleets = ", ".join(f"`{ControlClient(path).get('/api/status')['fleet']}`" for path in running)
        message = f"several daemons are running, for {fleets}"
        raise EffectError(message, hint="choose one with `-f FILE`")
    return ControlClient(running[0])


def _is_live(path: Path) -> bool:
    try:
        unix_socket.connect(path).close()
    except OSError:
        return False
    return True
