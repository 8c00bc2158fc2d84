import asyncio
from pathlib import Path

import pytest

from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


async def test_a_device_is_emptied_for_another_program_and_used_again_when_it_is_returned(tmp_path: Path) -> None:
    async with api(tmp_path, fake(devices=("cpu",))) as control:
        await control.post("fake", "load")
        lent = (await control.ask("POST", "/api/yield?device=cpu&to=a+game")).json
        assert (lent["device"], lent["is_yielded"]) == ("cpu", True)
        async with asyncio.timeout(20):
            while (await control.get("/api/yield"))["devices"][0]["users"]:
                await asyncio.sleep(0.02)
        refused = await control.ask("POST", "/api/models/fake/load")
        assert refused.status == 503
        assert "a game" in refused.json["error"]["message"]
        assert (await control.ask("DELETE", "/api/yield?device=cpu")).json["is_yielded"] is False
        assert (await control.post("fake", "load"))["state"] == "ready"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_device_that_no_model_uses_is_named(tmp_path: Path, method: str) -> None:
    async with api(tmp_path, fake(devices=("cpu",))) as control:
        reply = await control.ask(method, "/api/yield?device=cuda7")
        assert (reply.status, reply.json["error"]["code"]) == (404, "unknown_device")
