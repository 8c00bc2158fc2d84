from __future__ import annotations

from pathlib import Path

import pytest

from remuda.cli.imports import adapted, written
from remuda.cli.main import run
from remuda.errors import SpecError
from remuda.spec.document import load


def test_a_file_is_named_as_the_user_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.sh").write_text("docker run a\n")
    monkeypatch.chdir(tmp_path)
    made = adapted("docker-run", Path("sub/x.sh"))
    assert {remark.file for remark in made.remarks} == {"sub/x.sh"}


def test_a_fleet_for_up_has_one_place_for_each_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tmp_path / "x.ini"
    source.write_text("[a]\nmodel = /m.gguf\n")
    file = written("llama-server-presets", source)
    assert load(file.read_text(), "").data == {"models": {"a": {"engine": "llama-cpp", "model": "/m.gguf"}}}
    source.write_text("[b]\nmodel = /m.gguf\n")
    assert written("llama-server-presets", source) == file
    assert "b" in load(file.read_text(), "").data["models"]
    source.write_text("nonsense")
    with pytest.raises(SpecError, match="cannot import"):
        written("llama-server-presets", source)


def test_up_takes_one_fleet_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "-f", str(tmp_path / "a"), "--from", "docker-run", "b"]) == 2
    assert "cannot serve two fleets" in capsys.readouterr().err


def test_up_can_be_tried_with_a_foreign_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tmp_path / "x.json"
    source.write_text('{"listen": "127.0.0.1:0", "models": {"a": {"url": "http://127.0.0.1:9"}}}')
    assert run(["up", "--from", "llmhop", str(source), "--dry-run"]) == 0, capsys.readouterr().err
