"""What llama.cpp has cached, kept while another model has its place; with the real llama.cpp."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remuda.daemon import report, slot_cache
from remuda.edge.fetch import ask
from remuda.edge.paths import Places
from remuda.edge.programs import find_program
from remuda.edge.tiny_gguf import write_tiny_model
from remuda.engines import ENGINES
from remuda.engines.contract import Call
from remuda.plan.plan import Instance
from remuda.residency.events import InstanceReady, InstanceStopped
from tests.daemon.fleet_of_fakes import World

PROMPT = "the grey mare rests near the quiet creek " * 40


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "m.gguf"
    write_tiny_model(file, "range")
    return file


def instance(weights: Path, **settings: Any) -> Instance:
    return Instance(
        "a/m", "m", "llama-cpp", "process", model=str(weights), settings={"parallel": 2, **settings}, keeps_cache=True
    )


class Life:
    """One directory in which a model comes and goes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.attempt = 0
        self.world: World

    @property
    def files(self) -> list[Path]:
        at = Places(self.directory / "run", self.directory / "state").cache("a/m")
        return sorted(at.iterdir()) if at.is_dir() else []

    async def come(self, model: Instance) -> None:
        program = find_program(ENGINES["llama-cpp"], None)
        self.world = World(self.directory, model, programs={"a/m": program})
        self.attempt += 1
        self.world.instances.start("a/m", self.attempt)
        await self.world.event(InstanceReady)

    async def cached(self) -> int:
        """How many tokens of the prompt need not be read again."""
        body = msgspec.json.encode({"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 2})
        endpoint = self.world.instances.endpoint("a/m")
        page = await ask(endpoint, Call("POST", "/v1/chat/completions", body), timeout_s=30)
        return int(msgspec.json.decode(page)["timings"]["cache_n"])

    async def go(self, *, kill: bool = False) -> None:
        self.world.instances.stop("a/m", reason="test", kill=kill)
        await self.world.event(InstanceStopped)

    def said(self) -> list[str]:
        return [what.message for what in self.world.reports if isinstance(what, report.CacheKept)]


async def test_what_was_read_before_a_swap_is_not_read_again_after_it(tmp_path: Path, weights: Path) -> None:
    life = Life(tmp_path)
    await life.come(instance(weights))
    assert await life.cached() == 0
    await life.go()
    assert life.said() == ["saved the cache of 1 slots"]
    (file,) = life.files
    assert file.stat().st_size > 10_000
    assert file.parent.stat().st_mode & 0o777 == 0o700
    await life.come(instance(weights))
    assert life.said() == ["restored the cache of 1 slots"]
    assert life.files == []
    assert await life.cached() > 100
    await life.go(kill=True)
    assert life.files == []  # who is killed saves nothing


async def test_what_belongs_to_other_flags_or_weights_is_dropped(tmp_path: Path, weights: Path) -> None:
    life = Life(tmp_path)
    mine = tmp_path / "m.gguf"
    mine.write_bytes(weights.read_bytes())
    for number, other in enumerate((instance(mine, **{"ctx-size": 4096}), instance(mine))):
        await life.come(instance(mine))
        await life.cached()
        await life.go()
        assert life.files
        os.utime(mine, (number, number))
        await life.come(other)
        assert life.files == []
        assert life.said() == []
        assert await life.cached() == 0
        await life.go(kill=True)


async def test_a_file_that_cannot_be_restored_is_told_and_keeps_nobody_from_coming(
    tmp_path: Path, weights: Path
) -> None:
    life = Life(tmp_path)
    await life.come(instance(weights))
    await life.cached()
    await life.go()
    life.files[0].write_bytes(b"no cache at all")
    await life.come(instance(weights))
    (said,) = life.said()
    assert said.startswith("cannot restore the cache: ")
    assert life.files == []
    assert await life.cached() == 0
    await life.go(kill=True)


async def test_a_cache_that_cannot_be_saved_is_told_and_keeps_nobody_from_going(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path)
    await life.come(instance(weights))
    monkeypatch.setattr(slot_cache, "LIMIT_S", 0.0)
    await life.go()
    assert life.said()[0].startswith("cannot save the cache: ")


async def test_what_is_kept_is_bounded(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(tmp_path)
    await life.come(instance(weights))
    await life.cached()
    monkeypatch.setattr(slot_cache, "KEPT_BYTES", 1_000)
    await life.go()
    assert life.files == []
    assert life.said() == []
