"""What clients of llama-swap ask for beside logs, events and activity: `/running`, and to unload.

Shapes: internal/server/apigroup.go and api.go of mostlygeek/llama-swap at 0bdb372. Unlike there, to unload is answered
at once, and requests that a model is answering finish first.
"""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from remuda.daemon.control.operation import TEXT, UNKNOWN_MODEL, Control, Operation, answer, known_model
from remuda.plan.plan import Instance
from remuda.residency.states import State
from remuda.spec.reference import Placeholder, Reference, fill


class Running(msgspec.Struct, frozen=True):
    """A model that is not stopped. `proxy`: its address; `ttl`: 0 when it has none.

    `cmd` is that of the fleet file, its placeholders filled in, and its secrets by their names.
    """

    model: str
    state: str
    cmd: str
    proxy: str
    ttl: int
    name: str
    description: str


class RunningList(msgspec.Struct, frozen=True):
    """Every model that is not stopped."""

    running: list[Running]


class Done(msgspec.Struct, frozen=True):
    """It is being done."""

    msg: str


async def _running(control: Control, request: Request) -> Response:
    del request
    return answer(RunningList(sorted(_rows(control), key=lambda row: row.model)))


def _rows(control: Control) -> list[Running]:
    rows = []
    for model in control.status.models():
        if model.state != State.STOPPED:
            instance = control.status.plan_instances[model.id]
            cmd, address = _cmd(instance, model.address), model.address or ""
            rows.append(Running(model.id, model.state, cmd, address, int(instance.ttl_s or 0), model.name, ""))
    return rows


def _cmd(instance: Instance, address: str | None) -> str:
    """The command as it was started; its secrets, and a port that is not known yet, stay as they are written."""
    port = urlsplit(address).port if address else instance.port
    known = {"MODEL_ID": instance.model_id, "PORT": port}

    def value(part: Reference | Placeholder) -> str:
        found = known[part.name] if isinstance(part, Placeholder) else None
        return str(part if found is None else found)

    return shlex.join(fill(word, value) for word in instance.cmd or ())


async def _unload_all(control: Control, request: Request) -> Response:
    del request
    _unload(control)
    return PlainTextResponse("OK")


async def _unload_all_api(control: Control, request: Request) -> Response:
    del request
    _unload(control)
    return answer(Done("ok"))


def _unload(control: Control) -> None:
    for model in control.status.models():
        if model.state != State.STOPPED:
            control.status.dispatcher.unload(model.id, kill=False)


async def _unload_one(control: Control, request: Request) -> Response:
    control.status.dispatcher.unload(known_model(control, request), kill=False)
    return PlainTextResponse("OK")


OPERATIONS = (
    Operation("GET", "/running", _running, "Every model that is not stopped", RunningList),
    Operation("GET", "/unload", _unload_all, "Take every model out of memory", TEXT),
    Operation("POST", "/api/models/unload", _unload_all_api, "Take every model out of memory", Done),
    Operation(
        "POST", "/api/models/unload/{model:path}", _unload_one, "Take a model out of memory", TEXT, UNKNOWN_MODEL
    ),
)
