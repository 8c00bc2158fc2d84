"""How an engine is run from the image that its project publishes: its port, its cache, its words, its health check.

The words are those of the engine's own module, with which Remuda starts it itself. vLLM's are written as llmhop writes
them, `--key=value` in the order of keys and without a program, so that its units can be compared.

Sources: the Dockerfiles of vllm-project/vllm, sgl-project/sglang, ggml-org/llama.cpp (.devops) and ollama/ollama.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from remuda.engines import ENGINES, command, flags, llama_cpp, ollama, sglang, vllm
from remuda.engines.contract import Order
from remuda.plan.container import after_steps
from remuda.quoting.shell import quoted
from remuda.render.order import inside, order
from remuda.render.values import Values
from remuda.spec.merge import Effective

_PORTS = {vllm.NAME: 8000, sglang.NAME: 30000, llama_cpp.NAME: 8080, ollama.NAME: 11434}
_HUB = "/root/.cache/huggingface"
_CACHES = {
    vllm.NAME: _HUB,
    sglang.NAME: _HUB,
    llama_cpp.NAME: "/root/.cache/llama.cpp",
    ollama.NAME: "/root/.ollama",
    command.NAME: "/root/.cache",
}
_CACHE_VARIABLES = {llama_cpp.NAME: {"LLAMA_CACHE": _CACHES[llama_cpp.NAME]}}
_LOCKING = frozenset({llama_cpp.NAME})
"""Engines that may lock what they have mapped."""

_EQUALS = replace(vllm.DIALECT, join="equals")


@dataclass(frozen=True, slots=True)
class Course:
    """How one container runs. `entrypoint` is empty where the image's own will do.

    `health` is a command line of a shell inside, None where nothing is known to be asked. `cache` is where the engine
    puts what it downloads.
    """

    port: int
    entrypoint: tuple[str, ...]
    words: tuple[str, ...]
    environment: Mapping[str, str]
    health: str | None
    cache: str
    locks_memory: bool


def inner_port(model: Effective, port: int | None) -> int | None:
    """The port inside of the container; that of the host where the two are one; None without either."""
    return port if model.entry.network == "host" else _PORTS.get(model.engine, port)


def course(model: Effective, values: Values, port: int) -> Course:
    """How a model runs on the port; raises SpecError for a setting that has no form."""
    ordered = order(model, inside(model, port), values)
    launched = ENGINES[model.engine].launch(ordered)
    program, words = _command(model, ordered, launched.argv)
    environment = {**_CACHE_VARIABLES.get(model.engine, {}), **launched.environment}
    return Course(
        port=port,
        entrypoint=program,
        words=words,
        environment={name: text for name, text in environment.items() if name not in values.secrets},
        health=_health(model, ordered),
        cache=_CACHES[model.engine],
        locks_memory=model.engine in _LOCKING,
    )


def _command(model: Effective, ordered: Order, argv: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entrypoint and its words. The entrypoint of vLLM's image will do, but a shell has to be told of it."""
    program, words = argv[: len(ordered.program) or 1], argv[len(ordered.program) or 1 :]
    if model.engine == vllm.NAME and model.executable is None:
        own = (*ordered.program, "serve") if model.entry.steps else ()
        program, words = own, (ordered.weights, *_vllm_flags(ordered))
    if model.entry.steps:
        shell, *rest = after_steps(model.entry.steps, (*program, *words))
        return (shell,), tuple(rest)
    return program, words


def _vllm_flags(order: Order) -> tuple[str, ...]:
    managed = {"host": order.host, "port": order.port, "served-model-name": order.name}
    return flags.render({**flags.without_managed(order.settings, vllm.MANAGED), **managed}, _EQUALS)


def _health(model: Effective, order: Order) -> str | None:
    path = ENGINES[model.engine].readiness(order).path
    if path is None:
        return None
    if model.engine == ollama.NAME:
        return "ollama list"  # its image has no curl
    return f"curl --fail --silent --show-error {quoted(f'http://localhost:{order.port}{path}')}"
