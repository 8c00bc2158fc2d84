import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from remuda.edge import peaks
from remuda.edge.peaks import Peaks, key_of
from remuda.errors import EffectError
from remuda.plan.plan import Instance

DIRECTORY = Path("/nowhere")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "peaks.json"


def learned(path: Path, *samples: int) -> list[bool]:
    known = Peaks(path)
    news = [known.learn("key", "org/tiny:1", {"cuda0": size}, 1000.0) for size in samples]
    known.save()
    return news


def test_the_next_daemon_knows_the_highest_of_all_samples(path: Path) -> None:
    learned(path, 1000, 3000, 2000)
    learned(path, 1500)
    assert Peaks(path).of("key") == {"cuda0": 3000}
    assert Peaks(path).of("another") == {}


def test_a_peak_is_news_when_it_is_more_than_a_hundredth_above_what_was_known(path: Path) -> None:
    assert learned(path, 1000, 1000, 1009, 1020, 500) == [True, False, False, True, False]


def test_devices_are_learned_one_by_one(path: Path) -> None:
    known = Peaks(path)
    known.learn("key", "m", {"cuda0": 5, "cpu": 9}, 0)
    assert known.learn("key", "m", {"cuda0": 4, "cuda1": 7}, 0)
    assert known.of("key") == {"cuda0": 5, "cpu": 9, "cuda1": 7}


def test_the_file_is_its_owners(path: Path) -> None:
    learned(path, 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["peaks.json"]


def test_what_was_not_seen_for_longest_is_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks, "KEPT", 2)
    known = Peaks(path)
    for key, seen_s in (("a", 1), ("b", 2), ("c", 3), ("a", 4)):
        known.learn(key, "m", {"cpu": 1}, seen_s)
    known.save()
    again = Peaks(path)
    assert [bool(again.of(key)) for key in "abc"] == [True, False, True]


@pytest.mark.parametrize(
    "content",
    [b"", b'[{"model": ', b'{"peaks": []}', b'{"version": 2, "peaks": []}', b"\xff\xfe", b"null"],
)
def test_what_is_not_ours_or_damaged_is_set_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert Peaks(path).of("key") == {}
    assert (path.parent / "peaks.json.aside").read_bytes() == content
    learned(path, 7)
    assert Peaks(path).of("key") == {"cuda0": 7}


def test_a_place_where_no_file_can_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "peaks.json").mkdir()
    with pytest.raises(EffectError, match="cannot read what engines need from"):
        Peaks(tmp_path / "peaks.json")
    with pytest.raises(EffectError, match="cannot write what engines need to"):
        Peaks(tmp_path / "missing" / "peaks.json").save()


INSTANCE = Instance(
    "m", "m", "llama-cpp", "process", model="weights.gguf", settings={"ctx-size": 8192}, devices=("cuda0",)
)


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"ctx-size": 4096}},
        {"model": "other.gguf"},
        {"engine": "vllm"},
        {"devices": ("cuda1",)},
        {"visible": {"CUDA_VISIBLE_DEVICES": "GPU-b"}},
    ],
)
def test_another_model_flag_engine_or_device_has_another_key(changed: dict[str, object]) -> None:
    other = replace(INSTANCE, **changed)  # type: ignore[arg-type]
    assert key_of(other, (), DIRECTORY) != key_of(INSTANCE, (), DIRECTORY)


def test_what_has_no_part_in_memory_has_no_part_in_the_key() -> None:
    other = replace(INSTANCE, title="T", ttl_s=5, claims={"cuda0": 5})
    assert key_of(other, (), DIRECTORY) == key_of(INSTANCE, (), DIRECTORY)


def test_another_build_or_other_weights_in_the_same_place_have_another_key(tmp_path: Path) -> None:
    program, weights = tmp_path / "llama-server", tmp_path / "weights.gguf"
    keys = set()
    for file, content in ((weights, "a"), (program, "b"), (weights, "longer"), (program, "longer")):
        file.write_text(content)
        keys.add(key_of(INSTANCE, (str(program),), tmp_path))
    assert len(keys) == 4
    assert key_of(INSTANCE, (str(program),), tmp_path) in keys


def test_a_module_is_known_by_the_package_that_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "engine_for_keys" / "__init__.py"
    package.parent.mkdir()
    package.write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    program = (sys.executable, "-m", "engine_for_keys.serve")
    before = key_of(INSTANCE, program, tmp_path)
    os.utime(package, (1, 1))
    assert key_of(INSTANCE, program, tmp_path) != before
    assert key_of(INSTANCE, (sys.executable, "-m", "no_such_engine"), tmp_path)


def test_the_embedded_engine_is_known_by_its_build(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(INSTANCE, (), DIRECTORY)
    monkeypatch.setattr(peaks, "embedded_build", lambda _program: "b11549")
    assert key_of(INSTANCE, (), DIRECTORY) != before


def test_how_long_the_last_load_took_is_known_beside_the_peak(path: Path) -> None:
    learned(path, 1000)
    known = Peaks(path)
    known.learn_load("key", "org/tiny:1", 9.5, 1001.0)
    known.learn_load("other", "org/other:1", 3.0, 1001.0)
    known.save()
    again = Peaks(path)
    assert (again.of("key"), again.load_s("key")) == ({"cuda0": 1000}, 9.5)
    assert (again.of("other"), again.load_s("other")) == ({}, 3.0)
    assert again.load_s("never") is None


def test_a_file_from_before_loads_were_noted_is_understood(path: Path) -> None:
    path.write_text('{"version":1,"peaks":[{"key":"key","model":"m","used_bytes":{"cpu":7},"seen_s":1.0}]}')
    known = Peaks(path)
    assert (known.of("key"), known.load_s("key")) == ({"cpu": 7}, None)
