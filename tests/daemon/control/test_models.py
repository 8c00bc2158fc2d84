from pathlib import Path

import pytest

from remuda.errors import EffectError, RemudaError, SpecError, UnsatisfiableError
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


async def test_load_answers_when_the_model_is_ready_and_unload_when_it_goes(tmp_path: Path) -> None:
    async with api(tmp_path, fake(model_id="org/tiny:1")) as control:
        loaded = await control.post("org/tiny:1", "load")
        assert (loaded["state"], loaded["in_flight"]) == ("ready", 0)
        unloaded = await control.post("org/tiny:1", "unload")
        assert unloaded["state"] == "stopping"


async def test_a_load_that_fails_says_why(tmp_path: Path) -> None:
    async with api(tmp_path, fake("--fail", "oom")) as control:
        with pytest.raises(EffectError, match="out of memory"):
            await control.post("fake", "load")
        rows = (await control.get("/api/models"))["models"]
        assert "out of memory" in rows[0]["failure"]


@pytest.mark.parametrize(("action", "error"), [("load", SpecError), ("unload", SpecError)])
async def test_an_unknown_model_is_an_error_of_the_input(tmp_path: Path, action: str, error: type[RemudaError]) -> None:
    async with api(tmp_path, fake()) as control:
        with pytest.raises(error) as raised:
            await control.post("fakee", action)
    assert raised.value.hint == "write `fake`"


async def test_a_model_that_can_never_fit_cannot_be_satisfied(tmp_path: Path) -> None:
    async with api(tmp_path, fake(), claim=2) as control:
        with pytest.raises(UnsatisfiableError):
            await control.post("fake", "load")


async def test_a_query_that_says_something_else_is_refused(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        with pytest.raises(EffectError, match="cannot read the query: object contains unknown field `force`"):
            await control.post("fake", "unload", force="true")
        with pytest.raises(EffectError, match=r"cannot read the query: expected `bool`, got `str` - at `\$.kill`"):
            await control.post("fake", "unload", kill="maybe")
