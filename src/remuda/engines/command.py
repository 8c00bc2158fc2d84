"""Any other server: the user's own command line.

`${PORT}` and `${MODEL_ID}` in it are filled in together with the references to secrets, so that a secret's value is
never taken for one of them.

Nothing is known about such a server but what the user says, so its flags are in `cmd` and not in `settings`.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from remuda.engines import lines
from remuda.engines.contract import Dialect, FailureKind, Launch, Order, Program, Readiness, Signal, Sleep

NAME = "command"
PROGRAMS: tuple[Program, ...] = ()
INSTALL = "install the program that `cmd` names"
STOP_SIGNAL: int = signal.SIGTERM
STOP_GRACE_S = 10.0
DIALECT = Dialect(refuses="write them as words of `cmd`")
MANAGED: Mapping[str, str] = {}
VERSION = None
METRICS = None
HAS_TIMINGS = False
SLEEP: Mapping[int, Sleep] = {}
SLEEPER_PATHS: tuple[str, ...] = ()
SLOT_CACHE = None

_RULES = (
    *lines.PYTHON,
    lines.trouble(FailureKind.BAD_FLAG, r"^error: (invalid|unknown|unexpected) (argument|option|flag)"),
    lines.trouble(FailureKind.MISSING_WEIGHTS, r"\.(gguf|safetensors|onnx|bin|pt)\b.*No such file or directory"),
    *lines.SHARED,
)


def launch(order: Order) -> Launch:
    """The user's command and environment as they are."""
    return Launch(order.cmd or (), dict(order.environment))


def readiness(order: Order) -> Readiness:
    """`ready`, or `/health`, which most servers have."""
    return Readiness.of(order, "/health")


def served_name(order: Order) -> str | None:
    """What the user's `served_name` says, else their `model`, else the model's ID."""
    return order.served_name or order.model or order.model_id


def context_length(settings: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:  # noqa: ARG001 (the protocol's signature)
    """Nothing is known."""
    return None


def capabilities(settings: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG001 (the protocol's signature)
    """Nothing is known."""
    return frozenset()


def apis(version: str | None) -> frozenset[str]:  # noqa: ARG001 (the protocol's signature)
    """Nothing is known."""
    return frozenset()


def read_line(line: str) -> Signal | None:
    """What a line means in any program's log."""
    return lines.read(line, _RULES)
