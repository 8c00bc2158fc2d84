from __future__ import annotations

import configparser
import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from remuda.plan.check import load_fleet
from remuda.render.contract import Rendering, Request
from remuda.render.quadlet import target
from tests.render import golden
from tests.render.quadlet.generator import generated, run_command

CASES = golden.cases("quadlet")
RENDERED = [case for case in CASES if case != "refused"]
HERE = Path(__file__).parent


@pytest.mark.parametrize("case", CASES)
def test_goldens(case: str) -> None:
    golden.check("quadlet", case)


@pytest.mark.parametrize("case", RENDERED)
def test_podman_and_systemd_accept_every_unit(case: str, tmp_path: Path) -> None:
    expected = HERE / case / "expected"
    containers = list(expected.rglob("*.container"))
    assert containers
    for folder in {path.parent for path in containers}:
        made = tmp_path / folder.relative_to(expected)
        made.mkdir(parents=True)
        is_user = folder.name != "systemd" or "config" in folder.parts
        services = generated(folder, made, is_user=is_user)
        assert services.keys() == {f"{path.stem}.service" for path in folder.glob("*.container")}
        verified(made, is_user=is_user)


def verified(services: Path, *, is_user: bool) -> None:
    """systemd's own judgement; it needs podman to be where the units run it."""
    if shutil.which("systemd-analyze") is None or not Path("/usr/bin/podman").exists():
        message = "systemd-analyze or podman is not here"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    command = ["systemd-analyze", *(["--user"] if is_user else []), "verify", "--man=no", "--recursive-errors=yes"]
    environment = {**os.environ, "XDG_RUNTIME_DIR": "/run"}  # short, for the sockets that other units of this host name
    files = sorted(map(str, services.glob("*.service")))
    result = subprocess.run(
        [*command, *files], env=environment, check=False, capture_output=True, text=True, timeout=50
    )
    about_ours = [line for line in result.stderr.splitlines() if str(services) in line]
    assert (result.returncode, about_ours) == (0, []), result.stderr


def test_steps_reach_podman_as_a_script_of_their_own(tmp_path: Path) -> None:
    units = HERE / "steps/expected/config/containers/systemd"
    command = run_command(generated(units, tmp_path, is_user=True)["vllm-patched.service"])
    image = command.index("docker.io/vllm/vllm-openai:v0.23.0")
    assert command[command.index("--entrypoint") + 1] == '["/bin/sh"]'
    assert command[image + 1 :: 2][:2] == ["-c", "steps"]
    *lines, last = command[image + 2].splitlines()
    assert lines[:3] == ["set -e", "pip install xxhash pandas -q", 'if [ -n "${APPLY:-1}" ]; then']
    assert (lines[3], last) == ("  python3 /patches/patch_timings.py --note 'it''s 100 %'", 'exec "$@"')
    assert command[image + 4 : image + 6] == ["vllm", "serve"]


def test_awkward_values_reach_podman_as_they_are(tmp_path: Path) -> None:
    units = HERE / "quoting/expected/config/containers/systemd"
    command = run_command(generated(units, tmp_path, is_user=True)["vllm-awkward.service"])
    environment = [value for flag, value in itertools.pairwise(command) if flag == "--env"]
    assert environment[:4] == ["A=two words", "B=$HOME", "C=100%", "D=line\nline"]
    assert environment[5:7] == ['E=say "hi" \\ it\'s', "F="]
    assert command[command.index("--env-file") + 1] == "/etc/a b/%env"
    assert "--chat-template={{ '%s' }} $HOME\n\t\"x\"" in command
    assert '--override={"k":["$","%h"]}' in command
    assert "/srv/50%:/mnt/$x" in command
    assert "/srv/models/a%c:/srv/models/a%c:ro" in command
    health = command[command.index("--health-cmd") + 1]
    assert health.endswith("""'http://localhost:8000/a'"'"'b"$c'""")


# What llmhop 1.3 and quadlet-nix write for this model, key by key; `None` is a key that they do not write.
LLMHOP = {
    "AddDevice": "nvidia.com/gpu=all",
    "DropCapability": "all",
    "Exec": "meta-llama/Meta-Llama-3-8B-Instruct '--host=0.0.0.0' '--max-model-len=8192' '--port=8000' "
    "'--served-model-name=llama-3-8b'",
    "HealthCmd": "curl --fail --silent --show-error http://localhost:8000/health",
    "HealthInterval": "10s",
    "HealthStartPeriod": "30m",
    "HealthTimeout": "5s",
    "Image": "docker.io/vllm/vllm-openai:v0.11.0",
    "NoNewPrivileges": "true",
    "Notify": "healthy",
    "PublishPort": "127.0.0.1:18002:8000",
    "Pull": "newer",
    "ShmSize": "32g",
    "Tmpfs": "/tmp",  # noqa: S108
    "Ulimit": "host",
    "Volume": "/var/cache/vllm:/root/.cache/huggingface",
    "LimitNOFILE": "1048576",
    "Restart": "always",
    "RestartSec": "30",
    "TimeoutStartSec": "3600",
    "After": "vllm-qwen2-5-7b.service",
    "ConditionUser": "503",
    "Description": "Podman container vllm-llama-3-8b",
    "EnvironmentFile": "/etc/vllm/.env",
    "StartLimitBurst": "3",
    "StartLimitIntervalSec": "3600",
}
CORRECTED = {"StartLimitIntervalSec": "14400"}
ADDED = {"Environment", "WantedBy"}


def test_a_unit_is_llmhops_apart_from_the_corrections() -> None:
    path = HERE / "seed-001/expected/etc/containers/systemd/users/503/vllm-llama-3-8b.container"
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    keys = {key: value for section in parser.sections() for key, value in parser[section].items()}
    assert keys.keys() - LLMHOP.keys() == ADDED
    expected = {**LLMHOP, **CORRECTED, "Exec": LLMHOP["Exec"].replace("'", "")}
    assert {key: keys[key] for key in LLMHOP} == expected


def test_the_limit_of_starts_can_be_used_up_by_starts_that_hang() -> None:
    text = (HERE / "seed-001/expected/etc/containers/systemd/users/503/vllm-pinned.container").read_text()
    interval, burst, start, pause = (
        int(re.findall(rf"^{key}=(\d+)$", text, re.MULTILINE)[0])
        for key in ("StartLimitIntervalSec", "StartLimitBurst", "TimeoutStartSec", "RestartSec")
    )
    assert (start + pause) * burst < interval


def test_a_change_of_one_model_changes_its_files_only() -> None:
    text = (HERE / "own/remuda.yaml").read_text()
    before, after = rendered(text).files, rendered(text.replace("ctx-size: 8192", "ctx-size: 4096")).files
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"llama-cpp-file.container"}


def test_the_order_of_the_file_does_not_matter_to_units() -> None:
    models = {
        f"m{port}": f"{{engine: vllm, runtime: podman, model: org/x, port: {port}}}" for port in (9003, 9001, 9002)
    }
    head = "engines: {vllm: {image: a.io/b, tag: v1, devices: [cpu]}}\nmodels:\n"
    texts = [head + "".join(f"  {name}: {models[name]}\n" for name in order) for order in (models, sorted(models))]
    one, other = ({path: text for path, text in rendered(text).files.items() if path.suffix} for text in texts)
    assert one == other


def test_only_some_models() -> None:
    fleet, _, _ = load_fleet((HERE / "own/remuda.yaml").read_bytes(), "remuda.yaml")
    files = target.render(Request(fleet, only=frozenset({"tags"}))).files
    assert [path.name for path in files] == ["ollama-tags.container", "prepare"]


def test_nothing_to_render_gives_no_files() -> None:
    assert rendered("models: {a: {url: 'http://10.0.0.1:1'}}").files == {}


def rendered(text: str) -> Rendering:
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return target.render(Request(fleet))
