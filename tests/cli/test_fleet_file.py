from __future__ import annotations

from pathlib import Path

import pytest

from remuda.cli import fleet_file
from remuda.errors import SpecError

TEXT = "models: {qwen3-0.6b-cpu: {engine: llama-cpp, model: q.gguf}}\n"


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_the_places_in_their_order(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"there is no `\./remuda.yaml` and no `.*/config/remuda/remuda.yaml`"):
        fleet_file.find(None)
    home = tmp_path / "config" / "remuda" / "remuda.yaml"
    home.parent.mkdir(parents=True)
    home.write_text(TEXT)
    assert fleet_file.find(None) == home
    Path("remuda.yaml").write_text(TEXT)
    assert fleet_file.find(None) == Path("remuda.yaml")
    assert fleet_file.find(Path("other.yaml")) == Path("other.yaml")


def test_without_xdg_config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".config" / "remuda" / "remuda.yaml"
    home.parent.mkdir(parents=True)
    home.write_text(TEXT)
    assert fleet_file.find(None) == home


def test_loading(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(TEXT)
    loaded = fleet_file.load(file)
    assert (loaded.path, list(loaded.fleet.models), loaded.warnings) == (file, ["qwen3-0.6b-cpu"], ())


def test_loading_a_file_with_errors(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("models: {a: {prot: 1}}\n")
    with pytest.raises(SpecError) as caught:
        fleet_file.load(file)
    assert caught.value.problems
    assert caught.value.file == str(file)
