"""vLLM: `vllm serve MODEL`.

SIGTERM makes an idle vLLM exit in 1.5 s (measured, 0.32 on CPU). With a stream in flight it falls silent but stays
until the client hangs up, so whoever stops it closes its own side first; the setting `shutdown-timeout` of newer
releases makes it drain instead. Older ones refuse that flag, so it is not set here.

Usage statistics are off: nobody who runs models at home expects them. `environment` can turn them on again.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from remuda.engines import flags, lines, told, versions
from remuda.engines.contract import (
    Call,
    Dialect,
    Executable,
    FailureKind,
    Launch,
    Order,
    Program,
    Readiness,
    Signal,
    Sleep,
)

NAME = "vllm"
PROGRAMS: tuple[Program, ...] = (Executable("vllm"),)
INSTALL = "pip install vllm"
STOP_SIGNAL: int = signal.SIGTERM
STOP_GRACE_S = 15.0

# Aliases of more than one letter: vllm/engine/arg_utils.py.
_SHORT = "ac asc cc dcp dp dpa dpb dpe dph dpl dpm dpn dpp dpr ep pcp pp sc tp"
DIALECT = Dialect(join="dash", short=frozenset(_SHORT.split()))
MANAGED = {
    "host": "remove it; the gateway is the address that clients use",
    "port": "write `port:` beside `engine:` to fix the port",
    "uds": "remove it; the gateway reaches the engine over TCP",
    "model": "write `model:` beside `engine:`",
    "served-model-name": "write `served_name:` beside `engine:`, or add a route for another name",
}
VERSION = ("/version", "/version")
METRICS = "/metrics"
HAS_TIMINGS = False

# docs/features/sleep_mode.md, vllm/entrypoints/serve/dev/{sleep,rpc,cache}/api_router.py. Level 1 keeps the weights in
# the host's memory; level 2 drops them, and what is mapped again is empty until they have been reloaded. The prefix
# cache may still name blocks whose content is gone.
_RESET = Call("POST", "/reset_prefix_cache")
_LOOK = Call("GET", "/is_sleeping")
SLEEP = {
    1: Sleep((Call("POST", "/sleep?level=1"),), (Call("POST", "/wake_up"), _RESET), _LOOK, "is_sleeping"),
    2: Sleep(
        (Call("POST", "/sleep?level=2"),),
        (
            Call("POST", "/wake_up?tags=weights"),
            Call("POST", "/collective_rpc", b'{"method": "reload_weights"}'),
            Call("POST", "/wake_up?tags=kv_cache"),
            _RESET,
        ),
        _LOOK,
        "is_sleeping",
    ),
}
# What its development server has beside these (`/collective_rpc`, `/pause`, `/update_weights`, …) grows by release, so
# what is harmless is listed.
_HARMLESS = """
    health ping load metrics version docs openapi.json
    tokenize detokenize pooling classify score rerank generative_scoring invocations
"""
SLEEPER_PATHS = ("/v1/", "/v2/", *(f"/{name}" for name in _HARMLESS.split()))
SLOT_CACHE = None
_SLEEP_MODE = "enable-sleep-mode"
_DEVELOPMENT = {"VLLM_SERVER_DEV_MODE": "1"}

# Pull requests of vllm-project/vllm: /v1/messages 22627 (merged 2025-10-22), count_tokens 35588 (2026-03),
# /v1/responses 20504 (0.10.0). Until the spring of 2026 the last streamed tool calls as plain text (issue 36435, pull
# request 38755), so that its requests are translated for older releases. /tokenize: 5054 (0.5.1).
_ALWAYS = ("/tokenize", "/detokenize")
_SINCE = {"/v1/messages": (0, 11, 1), "/v1/messages/count_tokens": (0, 18), "/v1/responses": (0, 20)}

# `human_readable_int` of vllm/engine/arg_utils.py: `1k` is 1000, `1K` is 1024; only the first kind takes a fraction.
_HUMAN = re.compile(r"\d+(?:\.\d+)?[kmgt]|\d+[KMGT]")
_UNITS = {
    letter: base**power for base, letters in ((1000, "kmgt"), (1024, "KMGT")) for power, letter in enumerate(letters, 1)
}
_TASKS = {"embed": "embedding", "embedding": "embedding", "classify": "reranking", "score": "reranking"}

_STAMP = re.compile(r"^(\(\w+ pid=\d+\) )?([A-Z]+ [\d-]+ [\d:]+ \[[^\]]+\] )?")
_ENVIRONMENT = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}

# Sources: real logs in tests/engines/fixtures/vllm (0.32 on CPU); for memory vllm/v1/worker/utils.py and
# vllm/v1/core/kv_cache_utils.py, for progress vllm/model_executor/model_loader and vllm/v1/worker/gpu_model_runner.py.
_RULES = (
    lines.trouble(
        FailureKind.OUT_OF_MEMORY,
        r"Free memory on device .* is less than desired GPU memory utilization",
        r"No available memory for the cache blocks",
        r"larger than the available KV cache memory|maximum number of tokens that can be stored in KV cache",
    ),
    lines.trouble(FailureKind.BAD_FLAG, r"^Value error, "),  # pydantic's, below `1 validation error for ModelConfig`
    lines.progress("loading weights", r"Starting to load model|Loading safetensors checkpoint shards|Loading weights"),
    lines.progress("compiling", r"Dynamo bytecode transform|torch\.compile takes|Compiling a graph"),
    lines.progress("capturing graphs", r"[Cc]apturing (CUDA|CUDAGraph|cudagraph)"),
    lines.progress("sizing the cache", r"GPU KV cache size|CPU KV cache size|Available KV cache memory"),
    lines.progress("serving", r"Application startup complete"),
    *lines.PYTHON,
    *lines.SHARED,
)


def launch(order: Order) -> Launch:
    """`vllm serve MODEL` with the managed flags, what sleeping needs, and the settings."""
    settings = flags.without_managed(order.settings, MANAGED)
    if order.sleep is not None:
        settings = {**flags.without_managed(settings, {_SLEEP_MODE: ""}), _SLEEP_MODE: True}
    argv = (
        *order.program,
        "serve",
        order.weights,
        *("--host", order.host, "--port", str(order.port), "--served-model-name", order.name),
        *flags.render(settings, DIALECT),
    )
    return Launch(argv, {**_ENVIRONMENT, **order.environment, **(_DEVELOPMENT if order.sleep is not None else {})})


def readiness(order: Order) -> Readiness:
    """The port opens only when vLLM can serve."""
    return Readiness.of(order, "/health")


def served_name(order: Order) -> str | None:
    """The name that it was started with: vLLM answers 404 for any other."""
    return order.name


def context_length(settings: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:  # noqa: ARG001 (the protocol's signature)
    """`max-model-len`, in full or as `180k`; the model decides for `auto` and -1."""
    value = told.setting(settings, "max-model-len")
    if isinstance(value, str) and _HUMAN.fullmatch(value):
        value = int(Decimal(value[:-1]) * _UNITS[value[-1]])
    return told.count(value)


def capabilities(settings: Mapping[str, Any]) -> frozenset[str]:
    """A pooling model does one thing; parsers are what makes tools and thinking visible."""
    task = str(told.setting(settings, "task", "convert"))
    if task in _TASKS or told.setting(settings, "runner") == "pooling":
        return frozenset({_TASKS.get(task, "embedding")})
    parsers = {"tools": "enable-auto-tool-choice", "thinking": "reasoning-parser"}
    return frozenset({"completion", "chat", *(name for name, key in parsers.items() if told.setting(settings, key))})


def apis(version: str | None) -> frozenset[str]:
    """Anthropic's messages and OpenAI's responses, by release."""
    return versions.served(version, _ALWAYS, _SINCE)


def read_line(line: str) -> Signal | None:
    """What a line of vLLM's log means."""
    return lines.read(_STAMP.sub("", line), _RULES)
