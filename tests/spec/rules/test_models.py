from __future__ import annotations

import pytest

from remuda.spec.rules import models
from tests.spec.reading import said


def in_model(rule: object, keys: str) -> list[str]:
    return said(rule, f"models:\n  a: {{{keys}}}\n")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("engine: vllm, model: m", []),
        ("cmd: x", []),
        ("url: 'http://h'", []),
        ("engine: command, cmd: x", []),
        ("engine: ollama, model: m, url: 'http://h'", []),
        ("engine: 5", []),
        ("name: x", ["2:3 model `a` needs `engine`, `cmd` or `url`"]),
        ("engine: vllm", ["2:3 model `a` needs `model`: what the engine `vllm` is to load"]),
        ("engine: command", ["2:3 model `a` needs `cmd`: the command line to run"]),
        (
            "engine: vllm, model: m, cmd: x",
            ["2:31 `models.a.cmd` is for the engine `command`, not `vllm`"],
        ),
    ],
)
def test_what_runs(keys: str, expected: list[str]) -> None:
    assert in_model(models.what_runs, keys) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("url: 'http://h', ready: /x, name: n, aliases: [b], enabled: false, runtime: external", []),
        ("cmd: x, runtime: external", ["2:24 `models.a.runtime` is `external`, which needs `url`"]),
        (
            "url: 'http://h', runtime: podman",
            ["2:33 `models.a.runtime` must be `external` where there is a `url`, not `podman`"],
        ),
        (
            "url: 'http://h', cmd: x, port: 1",
            [
                "2:24 `models.a.cmd` cannot be used with `url`: Remuda does not run that server",
                "2:32 `models.a.port` cannot be used with `url`: Remuda does not run that server",
            ],
        ),
    ],
)
def test_external(keys: str, expected: list[str]) -> None:
    assert in_model(models.external, keys) == expected


@pytest.mark.parametrize(
    ("keys", "is_told"),
    [
        ("cmd: 'x --port ${PORT}'", True),
        ("cmd: [x, '${PORT}']", True),
        ("cmd: x, environment: {PORT: '${PORT}'}", True),
        ("cmd: x, port: 8000", True),
        ("engine: vllm, model: m", True),
        ("url: 'http://h'", True),
        ("cmd: x", False),
        ("cmd: x, environment: [1]", False),
    ],
)
def test_a_command_is_told_where_to_listen(keys: str, is_told: bool) -> None:  # noqa: FBT001
    assert (in_model(models.command_port, keys) == []) is is_told


def test_ports_are_unique_among_enabled_models() -> None:
    text = """
        models:
          a: {port: 1}
          b: {port: 1, enabled: false}
          c: {port: 2}
          d: {port: 1}
          e: {port: x}
        """
    assert said(models.ports, text) == ["5:13 model `d` has the port of model `a`: 1"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("runtime: podman, tag: v1, unit: u", []),
        ("runtime: systemd, unit: u, executable: /x", []),
        ("runtime: nonsense, tag: v1", []),
        ("tag: v1", ["2:7 warning: `models.a.tag` has no effect with the runtime `process`"]),
        ("runtime: podman, executable: x, shm_size: 1GiB, volumes: [c:/c], network: host", []),
        ("network: host", ["2:7 warning: `models.a.network` has no effect with the runtime `process`"]),
    ],
)
def test_keys_without_effect(keys: str, expected: list[str]) -> None:
    assert in_model(models.without_effect, keys) == expected


@pytest.mark.parametrize(
    ("model", "is_right"),
    [
        ("memory: 22GiB, devices: [cuda0]", True),
        ("memory: {cuda0: 22GiB, cpu: 4GiB}, devices: [cuda0]", True),
        ("memory: {cuda1: 22GiB}, devices: ['cuda:all']", True),
        ("memory: {rocm0: 22GiB}, devices: ['cuda:all']", False),
        ("memory: {cuda1: 22GiB}, devices: [cuda0]", False),
        ("memory: {cuda1: 22GiB}, engine: vllm", False),
        ("memory: {cuda1: 22GiB}, engine: sglang", True),
        ("memory: {cuda1: 22GiB}, engine: vllm, devices: [cuda1]", True),
        ("memory: {cuda1: 22GiB}, devices: [GPU-5d5b0000]", True),
        ("memory: {cuda1: 22GiB}, devices: []", False),
        ("memory: 22, devices: [cuda0]", False),
        ("memory: 0", True),
    ],
)
def test_memory_is_on_devices_of_the_model_and_has_a_unit(model: str, is_right: bool) -> None:  # noqa: FBT001
    text = f"engines:\n  vllm: {{devices: [cuda0]}}\nmodels:\n  a: {{{model}}}\n"
    assert (said(models.memory, text) == []) is is_right


def test_memory_says_which_device() -> None:
    assert in_model(models.memory, "memory: {cuda1: 1GiB}, devices: [cuda0]") == [
        "2:16 model `a` declares memory on `cuda1`, which is not in its `devices`"
    ]
    assert in_model(models.memory, "memory: 22") == ["2:15 warning: `models.a.memory` is 22 bytes"]


def test_a_fleet_without_models() -> None:
    assert said(models.some, "models: {}\n") == ["1:9 warning: the fleet has no models"]
    assert said(models.some, "models: {a: {}}\n") == []


def test_a_command_is_its_own_program() -> None:
    text = """
        engines: {command: {executable: /x}, vllm: {executable: /v}}
        models:
          a: {cmd: x, executable: /y}
          b: {engine: vllm, model: m, executable: /y}
        """
    what = "has no effect with the engine `command`: the first word of `cmd` is its program"
    assert said(models.command_program, text) == [
        f"1:21 warning: `engines.command.executable` {what}",
        f"3:15 warning: `models.a.executable` {what}",
    ]
