"""`remuda plan` on the machine that the tests run on."""

import json
from pathlib import Path

import pytest

from remuda.cli.main import run
from tests.facts.make_hosts import HOSTS

RUN = 'cmd: "run ${PORT}", ready: /health, devices: [cpu]'
FLEET = f"""\
lint: {{model_ids: off}}
residency: {{budget: {{cpu: 8GiB, cuda7: 4GiB}}}}
models:
  small: {{{RUN}, memory: 2GiB}}
  unknown: {{{RUN}}}
  two: {{cmd: "run ${{PORT}}", ready: /health, devices: [cuda7], memory: {{cuda7: 3GiB, cpu: 1GiB}}}}
  even: {{cmd: "run ${{PORT}}", ready: /health, devices: [cuda7, cpu], memory: 1GiB}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "remuda.yaml"
    path.write_text(FLEET)
    return path


def test_placement_and_needs_are_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "-f", str(file)]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert rows[1:5] == [
        "small process cpu 2 GiB",
        "unknown process cpu its devices to itself",
        "two process cuda7 3 GiB of cuda7, 1 GiB of cpu",
        "even process cuda7,cpu 1 GiB each",
    ]
    assert "cuda7 4 GiB not found" in rows


def test_what_runs_before_an_engine_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "remuda.yaml"
    keys = 'cmd: x, port: 1, devices: [cpu], runtime: podman, image: i, tag: t, steps: [make, "if a\\nthen b; fi"]'
    file.write_text(f"lint: {{model_ids: off}}\nmodels: {{a: {{{keys}}}}}")
    assert run(["plan", "-f", str(file)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[-3:] == [["a", "make"], ["a", "if", "a"], ["a", "then", "b;", "fi"]]
    assert run(["plan", "-f", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["steps"] == ["make", "if a\nthen b; fi"]


def test_json_has_it_all(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "-f", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["models"][2]["claims_bytes"] == {"cuda7": 3 * 2**30, "cpu": 2**30}
    assert told["budget_bytes"]["cpu"] == 8 * 2**30
    assert told["problems"] == []


def test_what_can_never_load_is_a_remark(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FLEET.replace("memory: 2GiB", "memory: 20GiB"))
    assert run(["plan", "-f", str(file)]) == 0
    assert "can never load" in capsys.readouterr().err


def test_a_fleet_that_cannot_be_run_is_refused_at_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FLEET.replace("devices: [cuda7, cpu]", "devices: [cuda9]"))
    assert run(["plan", "-f", str(file)]) == 3
    assert f"{file}:7:" in capsys.readouterr().err
    assert run(["plan", "-f", str(file), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 7


def test_a_plan_for_a_machine_that_is_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, facts = tmp_path / "remuda.yaml", str(HOSTS / "v100" / "expected.json")
    file.write_text(
        "lint: {model_ids: off}\nmodels: {a: {engine: vllm, model: o/a, runtime: podman, devices: [cuda0], "
        "image: docker.io/vllm/vllm-openai, tag: v0.19.1}}"
    )
    assert run(["plan", "-f", str(file), "--facts", facts]) == 0
    assert "Tesla V100" in capsys.readouterr().out
    file.write_text(file.read_text().replace("v0.19.1", "v0.23.0"))
    assert run(["plan", "-f", str(file), "--facts", facts]) == 3
    assert "not for 7.0" in capsys.readouterr().err


def test_to_explain_takes_a_daemon(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "-f", str(file), "--explain", "small", "--facts", "x"]) == 2
    assert run(["plan", "-f", str(file), "--explain", "small"]) == 6
    assert "remuda up" in capsys.readouterr().err
