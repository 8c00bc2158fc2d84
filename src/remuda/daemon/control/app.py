"""The API as an ASGI application: every operation of every resource, and errors in one shape, whoever raises them."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remuda.daemon.control import (
    activity,
    attempts,
    events,
    explain,
    leases,
    life,
    llama_swap,
    logs,
    metrics,
    models,
    openapi,
    reload,
    status,
    yields,
)
from remuda.daemon.control.operation import Control, Details, Error, Operation, Refused, answer

# Of two that fit a path the first one counts: a model's own operations before those of llama-swap.
OPERATIONS: tuple[Operation, ...] = (
    *status.OPERATIONS,
    *models.OPERATIONS,
    *logs.OPERATIONS,
    *attempts.OPERATIONS,
    *leases.OPERATIONS,
    *explain.OPERATIONS,
    *yields.OPERATIONS,
    *activity.OPERATIONS,
    *events.OPERATIONS,
    *metrics.OPERATIONS,
    *llama_swap.OPERATIONS,
    *reload.OPERATIONS,
    *life.OPERATIONS,
)


def app(control: Control) -> Starlette:
    """The application over a running daemon."""
    document = openapi.document(OPERATIONS)

    async def describe(request: Request) -> Response:
        del request
        return answer(document)

    routes = [_route(operation, control) for operation in OPERATIONS]
    application = Starlette(
        routes=[*routes, Route(openapi.PATH, describe)],
        exception_handlers={HTTPException: _refuse, Exception: _fail},
    )
    # A redirection would have no body in the shape of our errors.
    application.router.redirect_slashes = False
    return application


def _route(operation: Operation, control: Control) -> Route:
    return Route(operation.path, partial(operation.handler, control), methods=[operation.method])


async def _refuse(request: Request, error: Exception) -> Response:
    """Also what Starlette itself refuses: paths and methods."""
    if isinstance(error, Refused):
        return answer(error.error, error.status_code)
    assert isinstance(error, HTTPException)  # noqa: S101  it is registered for nothing else
    path = request.url.path
    if error.status_code == 405:  # noqa: PLR2004
        allowed = (error.headers or {}).get("Allow", "")
        told = Details(f"`{path}` does not take {request.method}", "method_not_allowed", f"use one of {allowed}")
    else:
        told = Details(f"there is nothing at `{path}`", "unknown_path", f"read `{openapi.PATH}`")
    response = answer(Error(told), error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _fail(request: Request, error: Exception) -> Response:
    message = f"remuda cannot answer {request.method} {request.url.path}: {error!r}"
    return answer(Error(Details(message, "internal_error", "report it, it is a bug")), 500)
