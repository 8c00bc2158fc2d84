"""Ollama: a private `ollama serve`, of which one model is used; a running one is `runtime: external`.

It has no flags: everything is set by its environment. It is ready before it has loaded anything and loads the model at
the first request; since Remuda decides what stays in memory, Ollama is told to keep it.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from remuda.engines import lines, told, versions
from remuda.engines.contract import Dialect, Executable, FailureKind, Launch, Order, Program, Readiness, Signal, Sleep

NAME = "ollama"
PROGRAMS: tuple[Program, ...] = (Executable("ollama"),)
INSTALL = "curl -fsSL https://ollama.com/install.sh | sh"
STOP_SIGNAL: int = signal.SIGTERM
STOP_GRACE_S = 10.0
DIALECT = Dialect(refuses="write them under `environment:`, as in `OLLAMA_CONTEXT_LENGTH: 8192`")
MANAGED: Mapping[str, str] = {}
VERSION = ("/api/version", "/version")
METRICS = None
HAS_TIMINGS = False
SLEEP: Mapping[int, Sleep] = {}
SLEEPER_PATHS: tuple[str, ...] = ()
SLOT_CACHE = None

# docs/api/anthropic-compatibility and docs/api/openai-compatibility of ollama/ollama: messages since 0.14.0, without
# count_tokens; responses since 0.13.3.
_ALWAYS = ("/api/chat", "/api/generate", "/api/embeddings")
_SINCE = {"/api/embed": (0, 3), "/v1/messages": (0, 14), "/v1/responses": (0, 13, 3)}

# Sources: ollama/ollama server/routes.go (listening), server/sched.go and llm/server.go (memory, missing models).
_RULES = (
    lines.trouble(
        FailureKind.OUT_OF_MEMORY,
        r"model requires more system memory",
        r"unable to allocate (CUDA|ROCm|CPU)\w* buffer",
    ),
    lines.trouble(FailureKind.MISSING_WEIGHTS, r"model \S+ not found|pull model manifest: file does not exist"),
    lines.trouble(FailureKind.BAD_FLAG, r"^Error: (unknown (command|flag)|invalid host)"),
    lines.progress("loading weights", r"msg=\"(loading model|starting llama server|starting runner)"),
    lines.progress("serving", r"msg=\"?Listening on "),
    *lines.SHARED,
)


def launch(order: Order) -> Launch:
    """`ollama serve` on the instance's address."""
    address = {"OLLAMA_HOST": f"{order.host}:{order.port}"}
    return Launch((*order.program, "serve"), {"OLLAMA_KEEP_ALIVE": "-1", **order.environment, **address})


def readiness(order: Order) -> Readiness:
    """The cheapest path that every release answers."""
    return Readiness.of(order, "/api/version")


def served_name(order: Order) -> str | None:
    """Ollama's own name of the model, such as `qwen3:8b`."""
    return order.weights


def context_length(settings: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:  # noqa: ARG001 (the protocol's signature)
    """`OLLAMA_CONTEXT_LENGTH`, else Ollama decides by the memory that it finds."""
    return told.count(environment.get("OLLAMA_CONTEXT_LENGTH"))


def capabilities(settings: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG001 (the protocol's signature)
    """What nearly every model of Ollama's library can do; the rest is told by the model only."""
    return frozenset({"completion", "chat"})


def apis(version: str | None) -> frozenset[str]:
    """Its own API, and the others by release."""
    return versions.served(version, _ALWAYS, _SINCE)


def read_line(line: str) -> Signal | None:
    """What a line of Ollama's log means."""
    return lines.read(line, _RULES)
