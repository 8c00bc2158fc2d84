"""`remuda import`, as users meet it; what the adapters make is tested beside them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from remuda.adapt import ADAPTERS
from remuda.cli.main import run
from remuda.spec.document import load

LINE = "docker run --ulimit a=1 -p 8001:8000 vllm/vllm-openai:v0.23.0 --model org/m\n"
FLEET = "# mine\nmodels:\n  old: {url: http://old}  # stays\nlint: {model_ids: 'off'}\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "serve.sh"
    path.write_text(LINE)
    return path


def test_the_fleet_is_printed_and_remarks_are_beside_it(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "docker-run", str(script)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"# Imported by `remuda import docker-run {script}`.\nmodels:\n  org/m:\n")
    assert told.err == f"{script}:1:1: warning: `--ulimit=a=1` is left out: a model has no key for it\n"


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINE.encode())))
    assert run(["import", "docker-run", "-", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fleet"]["models"]["org/m"]["engine"] == "vllm"
    assert told["problems"][0]["file"] == "standard input"
    assert load(told["text"], "").data == told["fleet"]


def test_a_fleet_file_is_added_to(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = script.with_name("remuda.yaml")
    into.write_text(FLEET)
    assert run(["import", "docker-run", str(script), "--into", str(into)]) == 0
    assert into.read_text().startswith(
        "# mine\nmodels:\n  old: {url: http://old}  # stays\n  org/m:\n    engine: vllm\n"
    )
    assert into.read_text().endswith("lint: {model_ids: 'off'}\n")
    assert run(["check", str(into)]) == 0
    changed = into.read_text().replace("org/m\n", "org/other\n")
    into.write_text(changed)
    capsys.readouterr()
    assert run(["import", "docker-run", str(script), "--into", str(into)]) == 2
    assert f"{into}:4:3: `models.org/m` is there already; the other is at {script}:1:1" in capsys.readouterr().err
    assert into.read_text() == changed


def test_a_new_file_is_written_once(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = script.with_name("new.yaml")
    arguments = ["import", "docker-run", str(script), "-o", str(target)]
    assert run(arguments) == 0
    assert target.read_text().startswith("# Imported")
    assert run(arguments) == 2
    assert "there is such a file already" in capsys.readouterr().err
    assert run([*arguments, "--force"]) == 0


def test_only_some_models(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script.write_text(LINE + LINE.replace("org/m", "org/n").replace("8001", "8002"))
    assert run(["import", "docker-run", str(script), "--only", "org/n"]) == 0
    told = capsys.readouterr()
    assert "org/m" not in told.out
    assert told.err.startswith(f"{script}:2:1: warning:")
    assert run(["import", "docker-run", str(script), "--only", "x"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["docker-rum", "{script}"], "cannot import `docker-rum`: there is no such format"),
        (["docker-run", "{script}x"], "there is no such file"),
        (["llmhop", "{script}"], "cannot import `"),
        (["docker-run", "{script}", "--into", "a", "-o", "b"], "cannot write to two files"),
    ],
)
def test_what_cannot_be_imported(
    script: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["import", *(word.format(script=script) for word in arguments)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err


def test_a_fleet_that_is_not_right_yet_is_written_by_force_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "llmhop.json"
    config.write_text('{"listen": ":1", "models": {"a": {"url": "http://a"}}}')
    assert run(["import", "llmhop", str(config)]) == 2
    told = capsys.readouterr()
    assert "which other machines reach, but there are no `keys`" in told.err
    assert run(["import", "llmhop", str(config), "--force"]) == 0
    assert "listen" in capsys.readouterr().out


def test_every_format_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "--help"]) == 0
    told = "".join(capsys.readouterr().out.split())
    assert all(f"`{name}`" in told for name in ADAPTERS)
