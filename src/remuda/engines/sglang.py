"""SGLang: `sglang serve`, or `python -m sglang.launch_server` in releases without that command.

Its parser has no `--no-…` forms, so a `false` setting renders nothing.
"""

from __future__ import annotations

import signal

from remuda.engines import flags, lines
from remuda.engines.contract import Dialect, Executable, FailureKind, Launch, Module, Order, Program, Readiness, Signal

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
    "served-model-name": "rename the model, or add a route for another name",
}

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
    """The server with the managed flags and the settings."""
    is_module = order.program[-2:] == ("-m", _MODULE.run)
    argv = (
        *order.program,
        *(() if is_module else ("serve",)),
        *("--model-path", order.weights, "--host", order.host, "--port", str(order.port)),
        *("--served-model-name", order.model_id),
        *flags.render(flags.without_managed(order.settings, MANAGED), DIALECT),
    )
    return Launch(argv, dict(order.environment))


def readiness(order: Order) -> Readiness:
    """`/health` answers 503 while the model loads."""
    return Readiness.of(order, "/health")


def served_name(order: Order) -> str | None:
    """The model's ID, which `--served-model-name` gives it."""
    return order.model_id


def read_line(line: str) -> Signal | None:
    """What a line of SGLang's log means."""
    return lines.read(line, _RULES)
