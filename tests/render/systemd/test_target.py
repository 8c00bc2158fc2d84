from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from remuda.plan.check import load_fleet
from remuda.quoting import unit_file
from remuda.quoting.systemd import literal, split
from remuda.render.contract import Rendering, Request
from remuda.render.ports import ports
from remuda.render.systemd import target
from tests.render import golden
from tests.render.quadlet.generator import generated, run_command
from tests.render.quadlet.test_target import verified

CASES = golden.cases("systemd")
RENDERED = [case for case in CASES if case not in ("refused", "mixed")]
HERE = Path(__file__).parent
SYSTEM = HERE / "system/expected/etc/systemd/system"
MOST_EXPOSED = 4.0


@pytest.mark.parametrize("case", CASES)
def test_goldens(case: str) -> None:
    golden.check("systemd", case)


@pytest.mark.parametrize("case", RENDERED)
def test_systemd_accepts_every_unit(case: str, tmp_path: Path) -> None:
    units, is_user = installed(case, tmp_path)
    analyze("verify", "--man=no", "--recursive-errors=yes", *units, is_user=is_user)


@pytest.mark.parametrize("case", [case for case in RENDERED if (HERE / case / "expected/etc").exists()])
def test_the_gateway_is_hardly_exposed(case: str, tmp_path: Path) -> None:
    units, _ = installed(case, tmp_path)
    service = next(unit for unit in units if unit.endswith("/remuda.service"))
    said = analyze("security", "--offline=yes", service, is_user=False)
    (exposure,) = re.findall(r"Overall exposure level for remuda.service: ([0-9.]+)", said)
    assert float(exposure) <= MOST_EXPOSED


@pytest.mark.parametrize("case", [case for case in RENDERED if list((HERE / case).rglob("*.container"))])
def test_podman_accepts_every_container(case: str, tmp_path: Path) -> None:
    (folder,) = {path.parent for path in (HERE / case / "expected").rglob("*.container")}
    is_user = "config" in folder.parts
    services = generated(folder, tmp_path, is_user=is_user)
    assert services.keys() == {f"{path.stem}.service" for path in folder.glob("*.container")}
    verified(tmp_path, is_user=is_user)


def installed(case: str, directory: Path) -> tuple[list[str], bool]:
    """The units of a case with programs where they look for them, and whether they are a user's."""
    programs = directory / "bin"
    programs.mkdir()
    for name in ("remuda", "remuda-notify"):
        shutil.copy("/bin/true", programs / name)
    expected = HERE / case / "expected"
    is_user = (expected / "config").exists()
    for unit in (expected / ("config/systemd/user" if is_user else "etc/systemd/system")).iterdir():
        (directory / unit.name).write_text(unit.read_text().replace("/usr/bin/", f"{programs}/"))
    return sorted(str(path) for path in directory.iterdir() if path.suffix in (".service", ".socket")), is_user


def analyze(*arguments: str, is_user: bool) -> str:
    if shutil.which("systemd-analyze") is None:
        message = "systemd-analyze is not here"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    command = ["systemd-analyze", *(["--user"] if is_user else []), *arguments]
    environment = {**os.environ, "XDG_RUNTIME_DIR": "/run"}  # short, for the sockets that other units of this host name
    result = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=50)
    directory = str(Path(arguments[-1]).parent)
    about_ours = [line for line in result.stderr.splitlines() if directory in line]
    assert (result.returncode, about_ours) == (0, []), result.stderr
    return result.stdout


def test_awkward_values_reach_the_engine_as_they_are() -> None:
    settings = unit_file.read((SYSTEM / "vllm-native.service").read_text(), "systemd")
    (start,) = unit_file.every(settings, "Service", "ExecStart")
    words = [literal(word) for word in split(start, "systemd")]
    assert words[words.index("--chat-template") + 1] == "{{ '$HOME' }}"
    values = unit_file.every(settings, "Service", "Environment")
    assert """GREETING=say "hi" for $5 at 100%""" in [
        word.replace("%%", "%") for line in values for word in split(line, "systemd")
    ]


NATIVE = """
engines: {{vllm: {{user: root, {engine}}}}}
models: {{m: {{engine: vllm, runtime: systemd, model: org/m, devices: [cuda0], {model}, {image}}}}}
lint: {{model_ids: "off"}}
"""
MATRIX = {
    "engine": 'environment_file: /engine, environment: {A: "1", B: "${cred:b}"}',
    "model": 'environment_file: /model, environment: {C: "3", D: "${cred:d}"}, sleep: 1',
}


def test_the_same_variables_win_over_files_in_a_native_unit_and_in_a_container(tmp_path: Path) -> None:
    """What podman is told by `--env` wins over `--env-file`; a native unit lists the same names."""
    native = rendered(NATIVE.format(**MATRIX, image="executable: vllm"))
    contained = rendered(NATIVE.format(**MATRIX, image="image: a.io/b, tag: v1"))
    (unit,) = (text for path, text in native.files.items() if path.name == "vllm-m.service")
    (container,) = (text for path, text in contained.files.items() if path.suffix == ".container")
    (tmp_path / "units").mkdir()
    (tmp_path / "units/vllm-m.container").write_text(container)
    podman = run_command(generated(tmp_path / "units", tmp_path, is_user=False)["vllm-m.service"])
    told = {podman[at + 1].partition("=")[0] for at, word in enumerate(podman) if word == "--env"}
    files = [podman[at + 1] for at, word in enumerate(podman) if word == "--env-file"]
    (start,) = unit_file.every(unit_file.read(unit, "systemd"), "Service", "ExecStart")
    options = [word.partition("=") for word in split(start, "systemd")]
    (own,) = (value for name, _, value in options if name == "--own")
    cards = {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"}  # podman shows a container its cards in another way
    assert set(own.split(",")) - cards == told
    assert {value.partition("=")[0] for name, _, value in options if name == "--secret"} == {"B", "D"}
    loaded = dict(
        line.split(":")
        for line in unit_file.every(unit_file.read(unit, "systemd"), "Service", "LoadCredential")
        if ":" in line
    )
    assert [loaded[value] for name, _, value in options if name == "--file"] == files == ["/engine", "/model"]


def test_units_listen_where_the_daemon_asks() -> None:
    text = (HERE / "system/remuda.yaml").read_text()
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    for model_id, unit in (("native", "vllm-native"), ("amd", "llama-cpp-amd-card"), ("speech", "command-speech")):
        assert f"--port={ports(fleet)[model_id]} " in (SYSTEM / f"{unit}.service").read_text()


def test_nothing_starts_a_model_but_the_gateway() -> None:
    for path in (*SYSTEM.glob("*-*.service"), *(HERE / "system/expected").rglob("*.container")):
        assert "[Install]" not in path.read_text()
        assert "Restart=no" in path.read_text()
        assert "StartLimitIntervalSec=0" in path.read_text()


def test_only_some_models() -> None:
    fleet, _, _ = load_fleet((HERE / "own/remuda.yaml").read_text(), "remuda.yaml")
    files = target.render(Request(fleet, only=frozenset({"tiny"}))).files
    assert [path.name for path in files] == [
        "remuda.yaml",
        "llama-cpp-tiny.service",
        "remuda.service",
        "remuda.socket",
        "prepare",
    ]
    (service,) = (text for path, text in files.items() if path.name == "remuda.service")
    assert "up --file %E/remuda/remuda.yaml --only tiny\n" in service


def test_many_models_are_rendered_at_once_and_the_same_each_time() -> None:
    models = "".join(
        f"  m{number}: {{engine: vllm, runtime: systemd, model: org/m{number}, devices: [cuda0]"
        f"{', image: a.io/b, tag: v1' if number % 2 else ''}}}\n"
        for number in range(500)
    )
    fleet, _, _ = load_fleet(f"models:\n{models}lint: {{model_ids: 'off'}}\n", "remuda.yaml")
    begin = time.perf_counter()
    rendering = target.render(Request(fleet))
    assert time.perf_counter() - begin < 1
    assert len(rendering.files) == 504
    assert rendering == target.render(Request(fleet))


def test_a_change_of_one_model_changes_its_files_only() -> None:
    text = (HERE / "system/remuda.yaml").read_text()
    before, after = rendered(text).files, rendered(text.replace("max-model-len: 8192", "max-model-len: 4096")).files
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"vllm-native.service", "remuda.yaml"}


def rendered(text: str) -> Rendering:
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return target.render(Request(fleet, text=text))
