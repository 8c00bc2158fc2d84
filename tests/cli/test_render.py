"""`remuda render`, as users meet it; what the targets make is tested beside them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from remuda.cli.main import run
from tests.facts.make_hosts import HOSTS

FLEET = """\
engines: {vllm: {image: docker.io/vllm/vllm-openai, tag: v1, devices: [cuda7]}}
models:
  a: {engine: vllm, runtime: podman, model: org/a, port: 8001, ttl: 5m}
  b: {engine: vllm, runtime: podman, model: org/b, port: 8002}
lint: {model_ids: "off"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "remuda.yaml"
    path.write_text(FLEET)
    return path


def test_files_are_written_and_told_without_the_gpus(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.parent / "out"
    assert run(["render", "quadlet", "-f", str(file), "-o", str(out)]) == 0
    told = capsys.readouterr()
    unit = "config/containers/systemd/vllm-a.container"
    assert f"wrote {out / unit}" in told.out
    assert "AddDevice=nvidia.com/gpu=7" in (out / unit).read_text()
    assert told.err.startswith(f"{file}:3:")
    assert run(["render", "quadlet", "-f", str(file), "-o", str(out)]) == 0
    assert capsys.readouterr().out == "3 of 3 files unchanged\n"


def test_json_tells_what_was_done(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["render", "quadlet", "-f", str(file), "-o", str(file.parent / "out"), "--json"]
    assert run([*arguments, "--only", "b"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "written": ["config/containers/systemd/vllm-b.container", "prepare"],
        "unchanged": [],
        "removed": [],
        "problems": [],
    }
    assert run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 3


def test_files_can_be_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", "quadlet", "-f", str(file), "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("==> config/containers/systemd/vllm-a.container <==\n# Made by")
    assert run(["render", "quadlet", "-f", str(file), "-o", "-", "--json"]) == 0
    assert "prepare" in json.loads(capsys.readouterr().out)["files"]


def test_edited_files_need_force(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.parent / "out"
    arguments = ["render", "quadlet", "-f", str(file), "-o", str(out)]
    run(arguments)
    (out / "prepare").write_text("mine")
    assert run(arguments) == 6
    assert "--force" in capsys.readouterr().err
    assert run([*arguments, "--force"]) == 0


def test_a_fleet_that_a_target_cannot_express_is_refused_at_its_line(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FLEET.replace(", port: 8002", ""))
    assert run(["render", "quadlet", "-f", str(file), "-o", str(file.parent / "out")]) == 3
    assert f"{file}:4:" in capsys.readouterr().err
    assert not (file.parent / "out").exists()


def test_units_run_this_remuda_or_another_that_is_named(file: Path) -> None:
    text = FLEET.replace("podman", "systemd") + "# a comment of the user's\n"
    file.write_text(text)
    units, said = file.parent / "out/config/systemd/user", []
    for arguments in ([], ["--remuda", "/opt/remuda/bin/remuda"]):
        assert run(["render", "systemd", "-f", str(file), "-o", str(file.parent / "out"), *arguments]) == 0
        said.append((units / "remuda.service").read_text())
    assert f"ExecStart={Path(sys.executable).parent}/remuda up " in said[0]
    assert "ExecStart=/opt/remuda/bin/remuda up " in said[1]
    assert (file.parent / "out/config/remuda/remuda.yaml").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quadlett", "-o", "-"], "write `quadlet`"),
        (["nomad", "-o", "-"], "use one of `quadlet`"),
        (["quadlet", "-o", "-", "--only", "c"], "cannot render the model `c`"),
        (["quadlet"], "--output"),
        (["systemd", "-o", "-", "--remuda", "bin/remuda"], "its path is not absolute"),
    ],
)
def test_mistakes(file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert run(["render", *arguments, "-f", str(file)]) == 2
    assert said in capsys.readouterr().err


def test_the_machine_may_be_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = str(HOSTS / "v100" / "expected.json")
    arguments = ["render", "quadlet", "-f", str(file), "-o", "-", "--facts", facts]
    assert run(arguments) == 3
    assert f"{file}:1:" in (said := capsys.readouterr().err)
    assert "`engines.vllm.devices` has `cuda7`, which the machine of these facts does not have" in said
    file.write_text(FLEET.replace("cuda7", "cuda0"))
    assert run(arguments) == 0
    assert "AddDevice=nvidia.com/gpu=GPU-" in capsys.readouterr().out
