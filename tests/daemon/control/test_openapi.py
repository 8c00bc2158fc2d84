"""The description of the API, and the API held against it with requests that schemathesis makes up."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette

from remuda.daemon.control import app
from remuda.daemon.control.openapi import PATH, document
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake
from tests.daemon.records import record

STREAMS = {"/api/events", "/api/restart", "/logs/stream", "/logs/stream/{model}"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def described() -> dict[str, Any]:
    return document(app.OPERATIONS)


def test_every_operation_is_described() -> None:
    paths = described()["paths"]
    told = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    there = {(operation.method, operation.path.replace(":path", "")) for operation in app.OPERATIONS}
    assert told == there | {("GET", PATH)}


def test_parameters_are_those_that_are_read() -> None:
    (model, kill) = described()["paths"]["/api/models/{model}/unload"]["post"]["parameters"]
    assert (model["name"], model["in"], model["required"]) == ("model", "path", True)
    assert kill == {"name": "kill", "in": "query", "required": False, "schema": {"type": "boolean", "default": False}}


async def test_it_is_there_for_whoever_asks(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        assert await control.get(PATH) == json.loads(json.dumps(described()))


class Server(uvicorn.Server):
    """One that leaves signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(application: Starlette) -> AsyncIterator[str]:
    """The application at a URL: schemathesis calls over TCP."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(application, log_config=None, lifespan="off", ws="none"))
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def hold_to_its_word(operation: APIOperation[Any, Any, Any, Any], url: str) -> None:
    """Send what the description allows, and where there is a query, also what it does not."""
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if operation.query.items else [])]
    for mode in modes:

        @settings(max_examples=15, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(base_url=url, checks=CHECKS)

        send()


@pytest.mark.timeout(180)
async def test_it_is_true(tmp_path: Path) -> None:
    """Whatever is sent, answers are as described, and none says that something broke."""
    schema = schemathesis.openapi.from_dict(described())
    async with api(tmp_path, fake(model_id="a/b")) as control, served(control.app) as url:
        control.control.books.accounts.ended(record())
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if operation.path not in STREAMS:
                await asyncio.to_thread(hold_to_its_word, operation, url)
