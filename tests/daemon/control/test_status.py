from pathlib import Path

from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


async def test_the_daemon_says_what_it_is(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        status = await control.get("/api/status")
    assert status["fleet"] == str(tmp_path / "remuda.yaml")
    assert status["url"] == "http://127.0.0.1:1"
