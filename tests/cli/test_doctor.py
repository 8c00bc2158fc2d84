"""`remuda doctor` on recorded machines and on the one that the tests run on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remuda.cli import doctor
from remuda.cli.main import run
from remuda.edge.probes.host import probe_host
from remuda.facts.finding import Finding
from remuda.facts.host import Host
from tests.edge.probes.test_limits import let_go
from tests.facts.make_hosts import HOSTS

IMAGE = "engine: vllm, model: o/a, runtime: podman, image: docker.io/vllm/vllm-openai"
FLEET = f"""\
lint: {{model_ids: off}}
models:
  old: {{{IMAGE}, tag: v0.19.1, devices: [cuda0]}}
  new: {{{IMAGE}, tag: v0.23.0, devices: [cuda0]}}
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "remuda.yaml"
    path.write_text(FLEET)
    return path


def facts(name: str) -> str:
    return str(HOSTS / name / "expected.json")


def test_a_machine_that_is_elsewhere_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--facts", facts("mi50-w7500")]) == 0
    assert "vLLM on rocm0 (gfx906): no" in capsys.readouterr().out


def test_json_has_it_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--facts", facts("v100"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (vllm,) = (each for each in told["outlooks"] if (each["device"], each["engine"]) == ("cuda0", "vllm"))
    assert vllm["state"] == "no"
    assert vllm["alternatives"][0]["message"] == "docker.io/vllm/vllm-openai:v0.19.1"
    assert vllm["verdicts"][0]["reasons"][0]["source"]


def test_one_model_is_explained(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["doctor", "-f", str(fleet), "--facts", facts("v100")]
    assert run([*asked, "old"]) == 0
    assert "old on cuda0 (7.0): yes" in capsys.readouterr().out
    assert run([*asked, "new"]) == 3
    captured = capsys.readouterr()
    assert "instead: docker.io/vllm/vllm-openai:v0.19.1" in captured.out
    assert "`new` cannot run here" in captured.err
    assert run([*asked, "new", "--json"]) == 3
    (verdict,) = json.loads(capsys.readouterr().out)["verdicts"]
    assert (verdict["state"], verdict["is_certain"]) == ("no", True)


def test_a_model_that_is_not_there_has_a_near_name(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "-f", str(fleet), "--facts", facts("v100"), "odl"]) == 2
    assert "`old`" in capsys.readouterr().err


def test_a_model_that_has_no_device_here_cannot_run(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "-f", str(fleet), "--facts", facts("cpu-avx2"), "old"]) == 3
    assert "device `cuda0` was not found" in capsys.readouterr().out
    assert run(["doctor", "-f", str(fleet), "--facts", facts("cpu-avx2"), "old", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 3


def test_one_model_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--facts", facts("t4"), "a", "b"]) == 2
    assert "name one" in capsys.readouterr().err
    assert run(["doctor", "--facts", facts("t4"), "a", "--save", "-"]) == 2
    assert "leave out one" in capsys.readouterr().err


def test_facts_are_saved_for_their_user_alone_and_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    assert run(["doctor", "--facts", facts("t4"), "--save", str(path)]) == 0
    assert Host.from_json(path.read_text()) == Host.from_json(Path(facts("t4")).read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert run(["doctor", "--facts", facts("t4"), "--save", str(path)]) == 2
    assert run(["doctor", "--facts", facts("t4"), "--save", str(tmp_path / "no" / "facts.json")]) == 6


def test_facts_can_be_piped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--facts", facts("t4"), "--save", "-"]) == 0
    assert Host.from_json(capsys.readouterr().out).device("cuda0")


def test_what_are_no_facts_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "facts.json"
    path.write_text("{}")
    assert run(["doctor", "--facts", str(path)]) == 2
    assert "doctor --save FILE" in capsys.readouterr().err


def test_a_probe_that_hangs_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(HOSTS / "rtx-3090", tmp_path / "host")
    (root / "proc/cpuinfo").unlink()
    os.mkfifo(root / "proc/cpuinfo")
    monkeypatch.setattr(doctor, "_probe", lambda: probe_host(root, limit_s=0.5))
    assert run(["doctor"]) == 0
    assert "! processors did not answer within 0.5 s (processors: slow)" in capsys.readouterr().out
    let_go(root / "proc/cpuinfo")


def test_a_driver_that_hangs_may_hide_devices(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host = Host(findings=(Finding("NVML", "slow", "NVML did not answer within 2 s"),))
    monkeypatch.setattr(doctor, "_probe", lambda: host)
    assert run(["doctor"]) == 4
    assert "devices may be missing: NVML did not answer" in capsys.readouterr().err


PROBE = """\
import sys
from remuda.cli.main import run
assert run(["doctor"]) in {0, 4}
heavy = {"torch", "vllm", "sglang", "cupy", "xllamacpp", "triton", "uvloop"} & set(sys.modules)
mapped = [line.split()[-1] for line in open("/proc/self/maps") if "/" in line]
found = [path for path in mapped if any(name in path for name in ("libcuda.", "libcudart", "libamdhip", "torch"))]
print(heavy, found, file=sys.stderr)
sys.exit(bool(heavy or found))
"""


def test_nothing_of_an_engine_or_a_gpu_is_loaded_on_this_machine() -> None:
    begun = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "vLLM on cpu" in ended.stdout
    assert time.monotonic() - begun < 10


def test_a_log_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "engine.log"
    log.write_text("starting\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n")
    assert run(["doctor", "--log", str(log)]) == 0
    assert f"{log}:2" in capsys.readouterr().out


def test_an_engine_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "engine", str(tmp_path / "nothing")]) == 2
    assert "nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "asked",
    [
        ("one", "two"),
        ("engine", "one", "two"),
        ("one", "--save", "x"),
        ("one", "--log", "x"),
        ("engine", "one", "--facts", "x"),
        ("--log", "x", "--facts", "y"),
    ],
)
def test_nothing_that_is_asked_for_is_dropped(asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", *asked]) == 2
    assert capsys.readouterr().out == ""
