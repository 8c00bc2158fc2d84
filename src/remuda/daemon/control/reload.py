"""`POST /api/reload`: read the fleet file again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import Control, Operation, Refused, answer
from remuda.daemon.reload import Reloaded
from remuda.errors import Problem, RemudaError


async def _reload(control: Control, request: Request) -> Response:
    del request
    try:
        return answer(await control.reload())
    except RemudaError as error:
        message = "\n".join((error.message, *(_line(problem, error.file) for problem in error.problems)))
        raise Refused(409, message, "cannot_reload", hint=error.hint) from error


def _line(problem: Problem, file: str | None) -> str:
    at = problem.position
    where = "" if at is None or file is None else f"{file}:{at.line}:{at.column}: "
    return f"{where}{problem.message}"


OPERATIONS = (
    Operation(
        "POST",
        "/api/reload",
        _reload,
        "Read the fleet file again, and say what came of it",
        Reloaded,
        {409: "The file cannot be used; everything stays as it was."},
    ),
)
