import asyncio
from pathlib import Path

import pytest

from remuda.edge.control_client import model_path
from remuda.errors import EffectError
from tests.daemon.control.api import Api, api
from tests.daemon.fleet_of_fakes import fake


async def fail(control: Api) -> None:
    with pytest.raises(EffectError):
        await control.post("fake", "load")


async def test_what_became_of_each_attempt_and_its_log(tmp_path: Path) -> None:
    async with api(tmp_path, fake("--fail", "oom")) as control:
        await fail(control)
        await fail(control)
        found = await control.get(model_path("fake", "attempts"))
        assert found["logs"] == [1, 2]
        failures = [(ended["log"], ended["failure"]) for ended in found["attempts"]]
        assert failures == [(2, "out_of_memory"), (1, "out_of_memory")]
        assert "out of memory" in found["attempts"][0]["last_lines"][-1]


@pytest.mark.parametrize(("attempt", "number"), [("1", 1), ("2", 2), ("0", 2), ("-1", 1)])
async def test_the_log_of_each_attempt_can_be_read(tmp_path: Path, attempt: str, number: int) -> None:
    async with api(tmp_path, fake("--fail", "oom")) as control:
        await fail(control)
        await fail(control)
        log = control.control.status.places.log("fake").with_suffix("") / f"{number}.log"
        log.write_text(f"attempt {number}\n")
        stream = control.client.stream(model_path("fake", "logs"), attempt=attempt)
        assert b"".join(await asyncio.to_thread(list, stream)) == f"attempt {number}\n".encode()


@pytest.mark.parametrize("attempt", ["3", "-2"])
async def test_an_attempt_that_is_not_kept_is_refused_by_name(tmp_path: Path, attempt: str) -> None:
    async with api(tmp_path, fake("--fail", "oom")) as control:
        await fail(control)
        reply = await control.ask("GET", f"{model_path('fake', 'logs')}?attempt={attempt}")
        assert (reply.status, reply.json["error"]["hint"]) == (404, "choose one of 1")
