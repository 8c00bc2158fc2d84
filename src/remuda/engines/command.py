"""Any other server: the user's own command line.

`${PORT}` and `${MODEL_ID}` in it are filled in together with the references to secrets, so that a secret's value is
never taken for one of them.

Nothing is known about such a server but what the user says, so its flags are in `cmd` and not in `settings`.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping

from remuda.engines import lines
from remuda.engines.contract import Dialect, FailureKind, Launch, Order, Program, Readiness, Signal

NAME = "command"
PROGRAMS: tuple[Program, ...] = ()
INSTALL = "install the program that `cmd` names"
STOP_SIGNAL: int = signal.SIGTERM
STOP_GRACE_S = 10.0
DIALECT = Dialect(refuses="write them as words of `cmd`")
MANAGED: Mapping[str, str] = {}

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
    """What the user's `model` says, else the model's ID."""
    return order.model or order.model_id


def read_line(line: str) -> Signal | None:
    """What a line means in any program's log."""
    return lines.read(line, _RULES)
