"""What prepares a machine: the script, run for real in a home of the test, and the files that systemd's tools read."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from remuda.edge.rendered import write
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.systemd import target

SYSTEM = Path(__file__).parent / "system/expected"
FLEET = """
engines: {{command: {{cache_dir: {cache}}}}}
models:
  speech: {{cmd: "speech --port ${{PORT}}", runtime: systemd, devices: [cpu]}}
  contained: {{engine: llama-cpp, runtime: systemd, model: org/c, image: a.io/b, tag: v1, devices: [cpu]}}
lint: {{model_ids: "off"}}
"""


def prepare(directory: Path, *arguments: str) -> str:
    environment = {"HOME": str(directory / "home"), "PATH": f"{directory / 'bin'}:{os.environ['PATH']}"}
    command = [str(directory / "out/prepare"), *arguments]
    result = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=20)
    assert result.stderr == ""
    return result.stdout


def test_ones_own_units_are_put_where_their_manager_looks(tmp_path: Path) -> None:
    text = FLEET.format(cache=tmp_path / "cache")
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    write(tmp_path / "out", "systemd", target.render(Request(fleet, text=text)))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/loginctl").write_text("#!/bin/sh\n")
    (tmp_path / "bin/loginctl").chmod(0o755)
    assert "nothing was done" in prepare(tmp_path)
    assert not (tmp_path / "home").exists()
    said = prepare(tmp_path, "--apply")
    assert "then: systemctl --user daemon-reload && systemctl --user enable --now remuda.socket remuda.service" in said
    config = tmp_path / "home/.config"
    put = sorted(str(path.relative_to(config)) for path in config.rglob("*") if path.is_file())
    assert put == [
        "containers/systemd/llama-cpp-contained.container",
        "remuda/remuda.yaml",
        "systemd/user/command-speech.service",
        "systemd/user/remuda.service",
        "systemd/user/remuda.socket",
    ]
    assert (config / "remuda/remuda.yaml").read_text() == text
    assert (tmp_path / "cache").is_dir()
    assert not [line for line in prepare(tmp_path, "--apply").splitlines() if line.startswith("+ install")]


def test_the_script_for_a_machine_is_one_of_a_posix_shell() -> None:
    subprocess.run(["sh", "-n", str(SYSTEM / "prepare")], check=True, timeout=20)


def test_systemd_makes_the_users_and_directories(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not all(map(shutil.which, ("systemd-sysusers", "systemd-tmpfiles"))):
        message = "systemd's tools are not here, or not for us"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\n")
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        conf = SYSTEM / "etc" / f"{command[0].removeprefix('systemd-')}.d" / "remuda.conf"
        subprocess.run([*command, f"--root={tmp_path}", str(conf)], check=True, timeout=20)
    users = {line.partition(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    engines = ("command", "llama-cpp", "ollama", "sglang", "vllm")
    assert users == {"root", "remuda", *(f"remuda-{engine}" for engine in engines)}
    assert (tmp_path / "srv/llama%cpp").is_dir()
