"""What a target writes is read again by the rules of who is to read it, and nothing is lost or changed."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from ruamel.yaml import YAML

from remuda.quoting import compose, llama_swap, systemd
from remuda.quoting.unit_file import Setting, every, last, read
from remuda.render import TARGETS
from remuda.render.contract import Rendered, Request
from tests.render.compose.programs import as_docker_reads
from tests.render.fleets import ANYWHERE, FLEETS, IMAGE, Wanted, fleet_of
from tests.render.llama_swap import reader
from tests.render.quadlet.generator import generated, run_command

Fleet = tuple[Wanted, ...]


def rendered(target: str, models: Fleet, runtime: str = "podman") -> Rendered:
    rendering = TARGETS[target].render(Request(fleet_of(models, runtime)))
    assert not rendering.is_refused, rendering.problems
    return rendering.files


def unit_words(keys: tuple[Setting, ...], key: str) -> list[str]:
    values = every(keys, "Container", key)
    return [systemd.literal(word) for value in values for word in systemd.split(value, "podman")]


def of_unit(model: Wanted) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command and environment that a unit has to give; in vLLM's image the entry point is its own."""
    port = {"vllm": 8000, "sglang": 30000, "llama-cpp": 8080, "ollama": 11434}.get(model.engine, model.port)
    launch = model.launch(ANYWHERE, port)
    return model.vllm_words() if model.engine == "vllm" else launch.argv, dict(launch.environment)


@given(FLEETS)
def test_quadlet(models: Fleet) -> None:
    units = {path.stem: text for path, text in rendered("quadlet", models).items() if path.suffix == ".container"}
    for model in models:
        keys = read(units[f"{model.engine}-{model.model_id}"], "podman")
        argv, environment = of_unit(model)
        own = json.loads(systemd.literal(last(keys, "Container", "Entrypoint") or "[]"))
        assert (*own, *unit_words(keys, "Exec")) == argv
        assert environment.items() <= dict(word.split("=", 1) for word in unit_words(keys, "Environment")).items()
        volumes = [systemd.literal(value) for value in every(keys, "Container", "Volume") if "%h" not in value]
        assert [volume for volume in volumes if volume.startswith("/srv/")] == list(model.volumes)
        assert (last(keys, "Container", "PublishPort") or "").startswith(f"127.0.0.1:{model.port}:")


@given(FLEETS)
def test_systemd(models: Fleet) -> None:
    units = {path.stem: text for path, text in rendered("systemd", models, "systemd").items()}
    for model in models:
        keys = read(next(text for name, text in units.items() if name.endswith(f"-{model.model_id}")), "systemd")
        program = () if model.engine == "command" else ("/opt/engine",)
        launch = model.launch("127.0.0.1", model.port, program)
        words = [systemd.literal(word) for word in systemd.split(last(keys, "Service", "ExecStart") or "", "systemd")]
        assert tuple(words[words.index("--") + 1 :]) == launch.argv
        assert f"--port={model.port}" in words[: words.index("--")]
        values = [systemd.split(value, "systemd") for value in every(keys, "Service", "Environment")]
        given_to = dict(systemd.without_specifiers(word).split("=", 1) for value in values for word in value)
        assert launch.environment.items() <= given_to.items()


@settings(max_examples=25)
@given(FLEETS)
def test_quadlet_by_podman_itself(models: Fleet) -> None:
    files = rendered("quadlet", models)
    with tempfile.TemporaryDirectory() as directory:
        units, made = Path(directory, "units"), Path(directory, "made")
        for folder in (units, made):
            folder.mkdir()
        for path, text in files.items():
            if path.suffix == ".container":
                (units / path.name).write_text(text)
        services = generated(units, made, is_user=True)
    for model in models:
        argv, environment = of_unit(model)
        words = run_command(services[f"{model.engine}-{model.model_id}.service"])
        options, inside = words[: words.index(IMAGE)], words[words.index(IMAGE) + 1 :]
        entrypoint = json.loads(dict(pairs(options)).get("--entrypoint", "[]"))
        assert (*entrypoint, *inside) == argv
        assert (
            environment.items()
            <= dict(value.split("=", 1) for name, value in pairs(options) if name == "--env").items()
        )
        assert [value for name, value in pairs(options) if name == "-v" and value.startswith("/srv/")] == list(
            model.volumes
        )


def pairs(words: list[str]) -> list[tuple[str, str]]:
    """Options and what follows them, or what they are joined with."""
    joined = [(name, value) for name, equals, value in (word.partition("=") for word in words) if equals]
    return [*joined, *itertools.pairwise(words)]


@given(FLEETS)
def test_compose(models: Fleet) -> None:
    (text,) = (text for path, text in rendered("compose", models).items() if path.name == "compose.yaml")
    services = YAML(typ="safe", pure=True).load(text)["services"]
    check_services(models, {model.model_id: unescaped(services[model.model_id]) for model in models})


@settings(max_examples=8)
@given(FLEETS)
def test_compose_by_docker_itself(models: Fleet) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for path, text in rendered("compose", models).items():
            Path(directory, path.name).write_text(text)
        services = as_docker_reads(Path(directory, "compose.yaml"), {"HOME": "/root", "PORT": "1"})["services"]
    for service in (services[model.model_id] for model in models):
        short = (f"{volume['source']}:{volume['target']}" for volume in service.get("volumes", ()))
        service["volumes"] = list(short)
        service["ports"] = [f"{port['host_ip']}:{port['published']}:{port['target']}" for port in service["ports"]]
    check_services(models, services)


def check_services(models: Fleet, services: dict[str, Any]) -> None:
    for model in models:
        service = services[model.model_id]
        launch = model.launch(ANYWHERE, model.port)
        assert (*service["entrypoint"], *(service["command"] or ())) == launch.argv
        assert launch.environment.items() <= service.get("environment", {}).items()
        assert [volume for volume in service.get("volumes", ()) if volume in model.volumes] == list(model.volumes)
        assert service["ports"] == [f"127.0.0.1:{model.port}:{model.port}"]
        assert service["image"] == IMAGE


def unescaped(value: Any) -> Any:
    if isinstance(value, str):
        return compose.unescaped(value)
    if isinstance(value, dict):
        return {key: unescaped(item) for key, item in value.items()}
    return [unescaped(item) for item in value] if isinstance(value, list) else value


@given(FLEETS)
def test_llama_swap(models: Fleet) -> None:
    models = tuple(replace(model, environment=without_macros(model.environment)) for model in models)
    (text,) = rendered("llama-swap", models, "process").values()
    found = reader.load(text, {})["models"]
    for model in models:
        program = () if model.engine == "command" else ("/opt/engine",)
        launch = model.launch("127.0.0.1", model.port, program)
        words = llama_swap.split(found[model.model_id]["cmd"])
        around, argv = words[: -len(launch.argv)], words[-len(launch.argv) :]
        assert argv == launch.argv
        assert around[:1] in ((), ("env",))
        given_to = dict(word.split("=", 1) for word in (*around[1:], *found[model.model_id].get("env", ())))
        assert launch.environment.items() <= given_to.items()
        assert found[model.model_id]["proxy"] == f"http://127.0.0.1:{model.port}"


def without_macros(environment: Mapping[str, str]) -> dict[str, str]:
    """In the environment llama-swap has no form for them, which its target says."""
    return {name: value.replace("${", "$-{") for name, value in environment.items()}


@given(FLEETS)
def test_llama_swap_with_containers(models: Fleet) -> None:
    models = tuple(replace(model, environment=without_macros(model.environment)) for model in models)
    (text,) = rendered("llama-swap", models).values()
    found = reader.load(text, {})["models"]
    for model in models:
        launch = model.launch(ANYWHERE, model.port)
        words = list(llama_swap.split(found[model.model_id]["cmd"]))
        options, inside = words[: words.index(IMAGE)], words[words.index(IMAGE) + 1 :]
        given_to = [value for name, value in pairs(options) if name == "--env"]
        assert (dict(pairs(options))["--entrypoint"], *inside) == launch.argv
        assert launch.environment.items() <= dict(value.split("=", 1) for value in given_to).items()
        assert [value for name, value in pairs(options) if name == "--volume"] == list(model.volumes)
        assert ("--publish", f"127.0.0.1:{model.port}:{model.port}") in pairs(options)


@given(FLEETS)
def test_llmhop(models: Fleet) -> None:
    models = tuple(model for model in models if model.engine != "ollama")  # asks for its own names
    if not models:
        return
    for text in rendered("llmhop", models).values():
        found = {name: entry["url"] for name, entry in json.loads(text)["models"].items()}
        assert found == {model.model_id: f"http://127.0.0.1:{model.port}" for model in models}
