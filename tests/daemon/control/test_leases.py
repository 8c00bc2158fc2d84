from pathlib import Path

import pytest

from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


async def test_a_lease_is_listed_until_it_is_given_back(tmp_path: Path) -> None:
    async with api(tmp_path, fake(model_id="a/b")) as control:
        taken = (await control.ask("POST", "/api/leases?model=a/b&ttl=5m")).json
        assert taken == {"lease": taken["lease"], "model": "a/b", "remaining_s": 300}
        (listed,) = (await control.get("/api/leases"))["leases"]
        assert (listed["lease"], listed["model"]) == (taken["lease"], "a/b")
        assert 0 < listed["remaining_s"] <= 300
        assert (await control.ask("DELETE", f"/api/leases/{taken['lease']}")).status == 200
        assert await control.get("/api/leases") == {"leases": []}


async def test_a_lease_is_prolonged_under_its_name_and_may_last_for_ever(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        await control.ask("POST", "/api/leases?model=fake&ttl=1m&lease=mine")
        await control.ask("POST", "/api/leases?model=fake&ttl=never&lease=mine")
        assert (await control.get("/api/leases"))["leases"] == [{"lease": "mine", "model": "fake", "remaining_s": None}]


async def test_a_leased_model_says_so(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        await control.post("fake", "load")
        await control.ask("POST", "/api/leases?model=fake&ttl=5m")
        (model,) = (await control.get("/api/models"))["models"]
        assert model["is_leased"]
        assert 0 < model["leased_for_s"] <= 300


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/api/leases?model=nobody", 404, "model_not_found"),
        ("POST", "/api/leases", 400, "bad_parameter"),
        ("POST", "/api/leases?model=fake&ttl=soon", 400, "bad_parameter"),
        ("POST", "/api/leases?model=fake&ttl=0", 400, "bad_parameter"),
        ("DELETE", "/api/leases/nobodys", 404, "unknown_lease"),
    ],
)
async def test_what_cannot_be_leased_is_refused(tmp_path: Path, method: str, path: str, status: int, code: str) -> None:
    async with api(tmp_path, fake()) as control:
        reply = await control.ask(method, path)
        assert (reply.status, reply.json["error"]["code"]) == (status, code)
