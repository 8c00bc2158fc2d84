"""The script `prepare`, run for real: in a home of the test, with a podman that only keeps secrets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from remuda.edge.rendered import write
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.quadlet import target
from tests.render import golden

HERE = Path(__file__).parent
SECRET = "s3cret-marker"
FLEET = """
engines: {{vllm: {{image: docker.io/vllm/vllm-openai, tag: v1, devices: [cpu]}}}}
models:
  a:
    engine: vllm
    runtime: podman
    model: org/a
    port: 8001
    environment: {{HF_TOKEN: "${{file:{secret}}}", OTHER: "${{cred:other}}"}}
"""
PODMAN = """#!/bin/sh
cd "$HOME" && mkdir -p kept
echo "$*" >>calls
case "$2 $3" in
    exists\\ *) [ -e "kept/$3" ] ;;
    'inspect --showsecret') cat "kept/$6" ;;
    create\\ *) cat >"kept/$3" ;;
    rm\\ *) rm "kept/$3" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A rendered fleet in `out`, a secret's file, a home, and programs that would change the real machine."""
    (tmp_path / "token").write_text(SECRET + "\n")
    fleet, _, _ = load_fleet(FLEET.format(secret=tmp_path / "token"), "remuda.yaml")
    write(tmp_path / "out", "quadlet", target.render(Request(fleet)))
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("podman", PODMAN), ("loginctl", '#!/bin/sh\necho "$0 $*" >>"$HOME/calls"\n')):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "home").mkdir()
    return tmp_path


def prepare(machine: Path, *arguments: str) -> str:
    environment = {"HOME": str(machine / "home"), "PATH": f"{machine / 'bin'}:{os.environ['PATH']}"}
    command = [str(machine / "out/prepare"), *arguments]
    result = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=20)
    assert result.stderr == ""
    assert SECRET not in result.stdout
    return result.stdout


def test_it_shows_first_and_changes_nothing(machine: Path) -> None:
    said = prepare(machine)
    assert "+ mkdir -p -- " in said
    assert said.endswith("nothing was done: run this again with --apply\n")
    assert [path.name for path in (machine / "home").rglob("*") if path.name not in ("kept", "calls")] == []


def test_it_does_it_once(machine: Path) -> None:
    assert "+ install" in prepare(machine, "--apply")
    home = machine / "home"
    units = home / ".config/containers/systemd"
    assert (units / "vllm-a.container").read_text() == (
        machine / "out/config/containers/systemd/vllm-a.container"
    ).read_text()
    assert (home / ".cache/huggingface").is_dir()
    (kept,) = (home / "kept").iterdir()
    assert kept.read_text() == SECRET
    assert SECRET not in (home / "calls").read_text()
    again = prepare(machine, "--apply")
    assert [line for line in again.splitlines() if line.startswith("+") and "enable-linger" not in line] == []
    assert "podman secret create other -" in again


def test_a_secret_that_changed_is_given_anew(machine: Path) -> None:
    prepare(machine, "--apply")
    (machine / "token").write_text("another")
    assert "+ replace_secret" in prepare(machine, "--apply")
    assert [kept.read_text() for kept in (machine / "home/kept").iterdir()] == ["another"]


def test_another_argument_is_refused(machine: Path) -> None:
    result = subprocess.run([machine / "out/prepare", "--yes"], check=False, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stdout) == (2, "")


@pytest.mark.parametrize("case", [case for case in golden.cases("quadlet") if case != "refused"])
def test_shellcheck_finds_nothing(case: str) -> None:
    script = HERE / case / "expected/prepare"
    result = subprocess.run(["shellcheck", script], check=False, capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stdout) == (0, "")


IN_A_MACHINE_OF_ITS_OWN = """
set -e
mkdir -p "$1/own" "$1/programs"
mount -t tmpfs own "$1/own"
for name in etc var; do
    mkdir -p "$1/own/$name/upper" "$1/own/$name/work"
    mount -t overlay own -o "lowerdir=/$name,upperdir=$1/own/$name/upper,workdir=$1/own/$name/work" "/$name"
done
mount -t tmpfs own /run
printf '#!/bin/sh\\nmkdir -p /run/user/503\\n' >"$1/programs/systemctl"
chmod +x "$1/programs/systemctl"
PATH=$1/programs:$PATH
"$1/out/prepare" --apply >/dev/null
echo "again: $("$1/out/prepare" --apply | grep -v ^then)"
id -nG vllm
grep vllm: /etc/subuid /etc/subgid
stat -c '%n %U:%G %a' /var/lib/vllm /var/cache/vllm /var/lib/systemd/linger/vllm
ls /etc/containers/systemd/users/503
sed -i s/vllm:300000/somebody:300001/ /etc/subuid
"$1/out/prepare" 2>&1 && exit 1 || true
"""

REFUSAL = (
    "error: cannot give vllm the range 300000:65536: /etc/subuid gives it another, or some of this to somebody else"
)


def test_a_machine_is_prepared_by_root(tmp_path: Path) -> None:
    isolated = ["unshare", "--mount", "--propagation", "private"]
    probe = 'mount -t tmpfs own "$1" && which systemd-sysusers systemd-tmpfiles'
    command = [*isolated, "sh", "-c", probe, "sh", str(tmp_path)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this takes root, the right to mount, and systemd's programs")
    fleet, _, _ = load_fleet((HERE / "seed-001/remuda.yaml").read_bytes(), "remuda.yaml")
    write(tmp_path / "out", "quadlet", target.render(Request(fleet)))
    script = [*isolated, "sh", "-c", IN_A_MACHINE_OF_ITS_OWN, "sh", str(tmp_path)]
    result = subprocess.run(script, check=False, capture_output=True, text=True, timeout=50)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "again: everything is prepared",
        "vllm systemd-journal",
        "/etc/subuid:vllm:300000:65536",
        "/etc/subgid:vllm:300000:65536",
        "/var/lib/vllm vllm:vllm 700",
        "/var/cache/vllm vllm:vllm 700",
        "/var/lib/systemd/linger/vllm root:root 644",
        "vllm-llama-3-8b.container",
        "vllm-pinned.container",
        "vllm-qwen2-5-7b.container",
        REFUSAL,
    ]
