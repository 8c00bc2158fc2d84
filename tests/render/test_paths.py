from __future__ import annotations

import pytest

from remuda.plan.check import load_fleet
from remuda.render import paths
from remuda.render.contract import Request
from remuda.spec.merge import Effective

VLLM = "engine: vllm, model: o/a, devices: [cpu]"


def model(keys: str, engines: str = "{}") -> Effective:
    fleet, _, _ = load_fleet(f"engines: {engines}\nmodels: {{a: {{{keys}}}}}", "remuda.yaml")
    (found,) = Request(fleet).models()
    return found


def moved(keys: str, engines: str = "{}") -> list[tuple[str | int, ...]]:
    return [problem.path for problem in paths.relative(model(keys, engines))]


@pytest.mark.parametrize("weights", ["./a.gguf", "../m", "~/m", "a.gguf", "m/a.gguf"])
def test_weights_and_files_of_variables(weights: str) -> None:
    keys = f'engine: llama-cpp, model: "{weights}", environment_file: x.env'
    assert moved(keys) == [("models", "a", "model"), ("models", "a", "environment_file")]
    assert moved(VLLM, "{vllm: {environment_file: ~/x}}") == [("engines", "vllm", "environment_file")]


@pytest.mark.parametrize("runtime", ["podman", "docker", "systemd, image: i, tag: t"])
def test_a_container_is_shown_paths_of_the_host_and_has_its_own(runtime: str) -> None:
    volumes = "[./a:/a, ../b:/b, ~/c:/c, d/e:/f, name:/n, /x:/x, /anonymous]"
    keys = f"{VLLM}, runtime: {runtime}, volumes: {volumes}, executable: ./vllm, settings: {{chat-template: ./x}}"
    assert moved(keys) == [("models", "a", "volumes", number) for number in range(4)]


def test_a_program_has_its_words_in_the_directory_of_the_fleet_file() -> None:
    keys = f"{VLLM}, executable: bin/vllm, settings: {{chat-template: ./x, tokenizer: o/a, revision: ../y, a: /z}}"
    assert moved(keys) == [
        ("models", "a", "executable"),
        ("models", "a", "settings", "chat-template"),
        ("models", "a", "settings", "revision"),
    ]
    assert moved(VLLM, "{vllm: {executable: ./v, settings: {chat-template: ./x}}}") == [
        ("engines", "vllm", "executable"),
        ("engines", "vllm", "settings", "chat-template"),
    ]
    assert moved('cmd: [bin/serve, o/a, ./x, "${PORT}"]') == [("models", "a", "cmd")] * 2


@pytest.mark.parametrize("keys", ['cmd: [serve, o/a, "${PORT}"], model: ./x', f"{VLLM}, executable: vllm", VLLM])
def test_what_is_no_path(keys: str) -> None:
    assert moved(keys) == []


def test_a_socket_of_a_container_program_is_never_shown() -> None:
    volumes = "[/run/docker.sock:/run/docker.sock, /run/user/1/podman.sock:/p:ro, docker.sock:/d, /a:/podman.sock]"
    keys = f"{VLLM}, runtime: podman, volumes: {volumes}"
    assert [problem.path[-1] for problem in paths.sockets(model(keys))] == [0, 1]
