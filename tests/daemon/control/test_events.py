from pathlib import Path
from typing import Any

from remuda.plan.serving import Serving
from tests.daemon.control.api import Stream, api
from tests.daemon.fleet_of_fakes import fake, places
from tests.daemon.records import record


async def until(stream: Stream, kind: str) -> Any:
    """The next event of this type."""
    while True:
        _, found, data = await stream.event()
        if found == kind:
            return data


async def test_a_client_gets_everything_first_in_llama_swaps_words(tmp_path: Path) -> None:
    places(tmp_path).log("a/b").write_text("from the engine\n")
    async with api(tmp_path, fake(model_id="a/b")) as control:
        control.control.books.journal.take([record()])
        control.control.books.accounts.ended(record())
        async with control.stream("/api/events") as stream:
            events = [await stream.event() for _ in range(4)]
    assert [number for number, _, _ in events] == [1, 2, 3, 4]
    (_, first, proxy), (_, second, upstream), (_, third, models), (_, fourth, activity) = events
    assert [first, second, third, fourth] == ["logData", "logData", "modelStatus", "activity"]
    assert proxy["source"] == "proxy"
    assert "POST /v1/chat" in proxy["data"]
    assert upstream == {"source": "upstream", "data": "from the engine\n"}
    (model,) = models
    read_there = {"id": "a/b", "name": "a/b", "state": "stopped", "description": "", "unlisted": False, "peerID": ""}
    assert read_there.items() <= model.items()
    assert activity == {"id": 1}


async def test_a_model_tells_what_the_fleet_file_says_of_it(tmp_path: Path) -> None:
    serving = Serving(aliases=("lane",), context_length=4096, capabilities=("chat", "tools"), is_unlisted=True)
    async with api(tmp_path, fake(serving=serving)) as control, control.stream("/api/events") as stream:
        (model,) = await until(stream, "modelStatus")
    assert (model["aliases"], model["context_length"], model["unlisted"]) == (["lane"], 4096, True)
    assert model["capabilities"] == {"function_calling": True}


async def test_what_changes_is_told(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control, control.stream("/api/events") as stream:
        await until(stream, "activity")
        await control.post("fake", "load")
        states: list[str] = []
        while states[-1:] != ["ready"]:
            states += [model["state"] for model in await until(stream, "modelStatus")]
        assert set(states) <= {"starting", "ready"}
        control.control.books.accounts.ended(record())
        assert await until(stream, "activity") == {"id": 1}
        with places(tmp_path).log("fake").open("a") as file:
            file.write("a line\n")
        while "a line" not in (await until(stream, "logData"))["data"]:
            pass


async def test_who_connects_again_is_in_step(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        async with control.stream("/api/events") as stream:
            assert (await until(stream, "modelStatus"))[0]["state"] == "stopped"
        await control.post("fake", "load")
        async with control.stream("/api/events") as stream:
            assert (await stream.event())[0] == 1
            assert (await until(stream, "modelStatus"))[0]["state"] == "ready"
