from pathlib import Path

import pytest
from starlette.testclient import TestClient

from remuda.daemon.control.app import app
from remuda.daemon.control.operation import Control
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "unknown_path"),
        ("GET", "/", 404, "unknown_path"),
        ("GET", "/api/status/", 404, "unknown_path"),
        ("GET", "/api/models/fake/load", 405, "method_not_allowed"),
        ("POST", "/unload", 405, "method_not_allowed"),
        ("POST", "/api/models//load", 404, "model_not_found"),
    ],
)
async def test_every_error_has_the_same_shape(tmp_path: Path, method: str, path: str, status: int, code: str) -> None:
    async with api(tmp_path, fake()) as control:
        reply = await control.ask(method, path)
    assert (reply.status, reply.json["error"]["code"]) == (status, code)
    assert set(reply.json["error"]) == {"message", "code", "hint"}
    assert (reply.headers["allow"] is not None) == (status == 405)


def test_so_has_a_bug_of_ours() -> None:
    broken = Control(status=None, books=None, reload=None, replace=None, end=None)  # type: ignore[arg-type]
    reply = TestClient(app(broken), raise_server_exceptions=False).get("/api/status")
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal_error")
