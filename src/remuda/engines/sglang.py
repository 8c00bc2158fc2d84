"""SGLang: `sglang serve`, or `python -m sglang.launch_server` in releases without that command.

Its parser has no `--no-…` forms, so a `false` setting renders nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from remuda.engines import flags, lines, told, versions
from remuda.engines.contract import (
    Dialect,
    Executable,
    FailureKind,
    Launch,
    Module,
    Order,
    Program,
    Readiness,
    Signal,
    Sleep,
)

NAME = "sglang"
_MODULE = Module("sglang.launch_server", needs="sglang")
PROGRAMS: tuple[Program, ...] = (_MODULE, Executable("sglang"))
INSTALL = "pip install 'sglang[all]'"
STOP_SIGNAL: int = signal.SIGTERM
STOP_GRACE_S = 15.0
# Aliases of several letters are spelled with two dashes: sglang/srt/server_args.py (`--tp`, `--dp`).
DIALECT = Dialect(false="drop", join="dash")
MANAGED = {
    "host": "remove it; the gateway is the address that clients use",
    "port": "write `port:` beside `engine:` to fix the port",
    "model": "write `model:` beside `engine:`",
    "model-path": "write `model:` beside `engine:`",
    "served-model-name": "write `served_name:` beside `engine:`, or add a route for another name",
}
VERSION = ("/server_info", "/version")
METRICS = "/metrics"
HAS_TIMINGS = False
SLEEP: Mapping[int, Sleep] = {}
SLEEPER_PATHS: tuple[str, ...] = ()
SLOT_CACHE = None

# sglang/srt/entrypoints/http_server.py and openai/protocol.py of the wheels 0.5.5 to 0.5.23: /v1/messages and its
# count_tokens came with 0.5.9; /v1/responses is older, but takes functions as tools since 0.5.15 only. Its Ollama paths
# know no tools, so they are not relied on.
_ALWAYS = ("/tokenize", "/detokenize")
_SINCE = {"/v1/messages": (0, 5, 9), "/v1/messages/count_tokens": (0, 5, 9), "/v1/responses": (0, 5, 15)}

# Sources: sglang/srt/model_executor/model_runner.py and sglang/srt/entrypoints/http_server.py.
_RULES = (
    lines.trouble(FailureKind.OUT_OF_MEMORY, r"Not enough memory\. Please try", r"Capture cuda graph failed: .*memory"),
    lines.progress("loading weights", r"Load weight begin|Loading safetensors checkpoint shards|Load weight end"),
    lines.progress("capturing graphs", r"Capture cuda graph begin|Capturing batches"),
    lines.progress("serving", r"The server is fired up and ready to roll"),
    *lines.PYTHON,
    *lines.SHARED,
)


def launch(order: Order) -> Launch:
    """The server with the managed flags, its metrics and the settings."""
    settings = {"enable-metrics": True, **flags.without_managed(order.settings, MANAGED)}
    is_module = order.program[-2:] == ("-m", _MODULE.run)
    argv = (
        *order.program,
        *(() if is_module else ("serve",)),
        *("--model-path", order.weights, "--host", order.host, "--port", str(order.port)),
        *("--served-model-name", order.name),
        *flags.render(settings, DIALECT),
    )
    return Launch(argv, dict(order.environment))


def readiness(order: Order) -> Readiness:
    """`/health` answers 503 while the model loads."""
    return Readiness.of(order, "/health")


def served_name(order: Order) -> str | None:
    """The name that `--served-model-name` gives it."""
    return order.name


def context_length(settings: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:  # noqa: ARG001 (the protocol's signature)
    """`context-length`, else the model decides."""
    return told.count(told.setting(settings, "context-length"))


def capabilities(settings: Mapping[str, Any]) -> frozenset[str]:
    """An embedding model does one thing; parsers are what makes tools and thinking visible."""
    if told.is_on(settings, "is-embedding"):
        return frozenset({"embedding"})
    parsers = {"tools": "tool-call-parser", "thinking": "reasoning-parser", "vision": "enable-multimodal"}
    return frozenset({"completion", "chat", *(name for name, key in parsers.items() if told.setting(settings, key))})


def apis(version: str | None) -> frozenset[str]:
    """Anthropic's messages and OpenAI's responses, by release."""
    return versions.served(version, _ALWAYS, _SINCE)


def read_line(line: str) -> Signal | None:
    """What a line of SGLang's log means."""
    return lines.read(line, _RULES)
