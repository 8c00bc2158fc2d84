from pathlib import Path

from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


async def test_what_would_be_evicted_is_said_and_nothing_is_done(tmp_path: Path) -> None:
    async with api(tmp_path, fake(model_id="up"), fake(model_id="down")) as control:
        await control.post("up", "load")
        found = await control.get("/api/explain?model=down")
        assert (found["outcome"], found["evicts"]) == ("evicts", ["up"])
        assert found["reasons"]
        assert (await control.get("/api/explain?model=up"))["outcome"] == "ready"
        assert {row["id"]: row["state"] for row in (await control.get("/api/models"))["models"]} == {
            "up": "ready",
            "down": "stopped",
        }


async def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        reply = await control.ask("GET", "/api/explain?model=fakee")
        assert (reply.status, reply.json["error"]["hint"]) == (404, "write `fake`")
