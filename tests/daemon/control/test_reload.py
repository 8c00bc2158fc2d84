from pathlib import Path

from remuda.daemon.reload import Reloaded
from remuda.errors import Problem, SpecError
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake

NOTHING = {"keys": 0, "routes": 0, "models": 0, "added": [], "changed": [], "removed": [], "needs_restart": []}


async def test_what_came_of_it_is_answered(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        reply = await control.ask("POST", "/api/reload")
    assert (reply.status, reply.json) == (200, {**NOTHING, "models": 1})


async def test_a_file_that_cannot_be_used_is_told_with_everything_that_is_wrong(tmp_path: Path) -> None:
    async def reload() -> Reloaded:
        raise SpecError("the file is wrong", problems=[Problem("one"), Problem("two")], hint="mend it")

    async with api(tmp_path, fake(), reload=reload) as control:
        reply = await control.ask("POST", "/api/reload")
    error = {"message": "the file is wrong\none\ntwo", "code": "cannot_reload", "hint": "mend it"}
    assert (reply.status, reply.json["error"]) == (409, error)
