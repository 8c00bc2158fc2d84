"""One operation of the API: what it answers and how it is described, in one place.

A query is a struct: it is read into it, its fields are the parameters of the description, and what it does not know is
refused. A struct or dataclass is what an answer holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from remuda.daemon.accounts import Accounts
from remuda.daemon.ending import End
from remuda.daemon.journal import Journal
from remuda.daemon.reload import Reloaded
from remuda.daemon.status import Status
from remuda.spec.nearest import suggestion

TEXT = "text/plain"
EVENTS = "text/event-stream"
JSON = "application/json"

Q = TypeVar("Q", bound=msgspec.Struct)


class Books(Protocol):
    """What was served, as the API looks at it."""

    @property
    def accounts(self) -> Accounts:
        """The counts."""
        ...

    @property
    def journal(self) -> Journal:
        """The daemon's own log."""
        ...


@dataclass(frozen=True, slots=True)
class Control:
    """What the operations look at and act on.

    `reload` reads the fleet file again and says what came of it. `replace` lets another daemon take this one's place,
    if one could: otherwise it raises RemudaError. `end` begins to end this one.
    """

    status: Status
    books: Books
    reload: Callable[[], Awaitable[Reloaded]]
    replace: Callable[[], Awaitable[None]]
    end: Callable[[End], None]


Handler = Callable[[Control, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a path, in Starlette's spelling.

    `answer`: the type of its JSON, or a content type. `errors`: the other statuses, and when they come. `query`: the
    struct that is its query.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    answer: Any
    errors: Mapping[int, str] = field(default_factory=dict)
    query: type[msgspec.Struct] | None = None


class Details(msgspec.Struct, frozen=True):
    """What went wrong, for people and as a word for programs, and what to do about it."""

    message: str
    code: str
    hint: str | None


class Error(msgspec.Struct, frozen=True):
    """Every answer that is an error."""

    error: Details


class Refused(HTTPException):
    """Ends an operation with an error."""

    def __init__(self, status: int, message: str, code: str, *, hint: str | None = None) -> None:
        super().__init__(status, message)
        self.error = Error(Details(message, code, hint))


def answer(content: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(msgspec.json.encode(content), status, media_type=JSON)


def stream(request: Request, content: AsyncIterator[bytes], media_type: str) -> Response:
    """An answer that goes on until the client leaves; to HEAD, only what would be above it."""
    # Reverse proxies in front would collect it otherwise, and browsers would guess what it is.
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no", "x-content-type-options": "nosniff"}
    if request.method == "HEAD":
        return Response(media_type=media_type, headers=headers)
    return StreamingResponse(content, media_type=media_type, headers=headers)


def read_query(request: Request, kind: type[Q]) -> Q:
    """The query; a parameter that comes several times is a list."""
    params = request.query_params
    values = {name: (many if len(many := params.getlist(name)) > 1 else many[0]) for name in params}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        why = str(error)
        raise Refused(400, f"cannot read the query: {why[0].lower()}{why[1:]}", "bad_parameter") from None


UNKNOWN_MODEL = {404: "There is no such model."}


def known_model(control: Control, request: Request) -> str:
    """The model that the path names."""
    return fleet_model(control, request.path_params["model"])


def fleet_model(control: Control, model: str) -> str:
    """The model, if the fleet has it."""
    known = control.status.model_ids
    if model not in known:
        hint = suggestion(model, known, otherwise=f"choose one of `{'`, `'.join(known)}`")
        raise Refused(404, f"there is no model `{model}` in this fleet", "model_not_found", hint=hint)
    return model
