"""The control endpoints that llama-swap's clients ask for, in the shapes that they read."""

from pathlib import Path

import pytest

from remuda.residency.states import State
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


async def test_what_runs_is_listed_and_what_is_stopped_is_not(tmp_path: Path) -> None:
    async with api(
        tmp_path, fake("--model", "${env:HOME} $$ ${MODEL_ID}", model_id="a/b", ttl_s=60.0), fake(model_id="c"), claim=0
    ) as control:
        await control.post("a/b", "load")
        (running,) = (await control.get("/running"))["running"]
    assert (running["model"], running["state"], running["ttl"]) == ("a/b", "ready", 60)
    assert running["proxy"].startswith("http://127.0.0.1:")
    assert f"--port {running['proxy'].rpartition(':')[2]}" in running["cmd"]
    assert running["cmd"].endswith("--model '${env:HOME} $ a/b'")
    assert set(running) == {"model", "state", "cmd", "proxy", "ttl", "name", "description"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/unload", b"OK"),
        ("POST", "/api/models/unload", b'{"msg":"ok"}'),
        ("POST", "/api/models/unload/a/b", b"OK"),
        ("POST", "/api/models/unload/a%2Fb", b"OK"),
    ],
)
async def test_unload_is_answered_at_once(tmp_path: Path, method: str, path: str, body: bytes) -> None:
    async with api(tmp_path, fake(model_id="a/b")) as control:
        await control.post("a/b", "load")
        reply = await control.ask(method, path)
        assert (reply.status, reply.body) == (200, body)
        assert control.control.status.model("a/b").state in {State.STOPPING, State.STOPPED}


async def test_what_is_not_there_cannot_be_unloaded(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        assert (await control.ask("POST", "/api/models/unload/fakee")).status == 404
        assert (await control.ask("GET", "/unload")).status == 200


async def test_what_asks_does_not_start_anything(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        for path in ("/running", "/logs", "/metrics", "/unload", "/api/models", "/api/requests", "/api/usage"):
            assert (await control.ask("GET", path)).status == 200
        assert control.control.status.model("fake").since_s is None
