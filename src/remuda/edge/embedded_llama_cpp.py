"""`python -m remuda.edge.embedded_llama_cpp`: llama.cpp's server out of the `xllamacpp` wheel, as a process of its own.

It takes llama-server's flags (`remuda.engines.llama_cpp_params`), logs what llama.cpp logs, and ends at SIGTERM or
SIGINT. That it runs in a child process and not in the daemon is the point: the daemon stays free of CUDA, a crash costs
one model, and an engine can outlive the daemon like any other.

It does not download models, nor does it look at llama.cpp's `LLAMA_ARG_…` variables; it says so when there are any.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from remuda.engines.llama_cpp_params import Assignment, parse

MODULE = "remuda.edge.embedded_llama_cpp"
"""What `python -m` runs."""

_BAD_COMMAND_LINE = 2
_STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def main(argv: Sequence[str]) -> NoReturn:
    """Serve until a signal comes; exit 2 when the command line is wrong and 1 when the server does not start."""
    parsed = parse(argv)
    model = next((assigned.value for assigned in parsed.assignments if assigned.target == "model.path"), None)
    problems = list(parsed.problems)
    if model is None and not problems:
        problems.append("expected `--model FILE`: the embedded llama.cpp serves one file")
    if problems:
        _fail(*problems, status=_BAD_COMMAND_LINE)
    for name in sorted(name for name in os.environ if name.startswith("LLAMA_ARG_")):
        _say(f"warning: the embedded llama.cpp ignores `{name}` from the environment; write it as a setting")
    if not Path(str(model)).is_file():
        _fail(f"failed to open GGUF file '{model}' (No such file or directory)", status=1)
    _serve(parsed.assignments)


def embedded_build(program: Sequence[str]) -> str | None:
    """The build of llama.cpp in the wheel, if this is the program that runs it: the server there calls itself `b0`."""
    if program[-1:] != (MODULE,):
        return None
    try:
        # The wheel is numbered by the month and the build: 2026.10.11549.
        return f"b{version('xllamacpp').rpartition('.')[2]}"
    except PackageNotFoundError:
        return None


def _serve(assignments: Sequence[Assignment]) -> NoReturn:
    import xllamacpp  # noqa: PLC0415 (it is optional, and a wrong command line should not wait for it)

    parameters = xllamacpp.CommonParams()
    # llama-server's own default, which the wheel does not share: four slots over one cache.
    parameters.n_parallel = -1
    problems = [problem for assigned in assignments for problem in _apply(parameters, assigned, xllamacpp)]
    if problems:
        _fail(*problems, status=_BAD_COMMAND_LINE)
    # Blocked before the wheel starts its threads, which inherit that: the handlers that it installs stop its server but
    # not the process, and so never get to run.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    with _ending_at_signals():
        try:
            server = xllamacpp.Server(parameters)  # noqa: F841 (it serves as long as it is referred to)
        except RuntimeError:
            _fail("llama.cpp did not start; its log above says why", status=1)
    signal.sigwait(_STOP_SIGNALS)
    # At once, as llama-server does: to destroy the server would be to wait for its open streams.
    os._exit(0)


@contextlib.contextmanager
def _ending_at_signals() -> Iterator[None]:
    """Let a signal end the process by its default action.

    The wheel holds the interpreter's lock while it loads a model, perhaps for minutes, so that no Python code could
    react; but the kernel does, as long as one thread does not block the signal. (In the instant between the wheel's
    installing its handlers and the end of this, a signal is lost, and it takes the supervisor's SIGKILL.)
    """
    standing_by, done = threading.Event(), threading.Event()

    def stand_by() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        standing_by.set()
        done.wait()
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)

    thread = threading.Thread(target=stand_by, daemon=True)
    thread.start()
    standing_by.wait()
    yield
    done.set()
    thread.join()


def _apply(parameters: Any, assigned: Assignment, wheel: Any) -> list[str]:
    *path, name = assigned.target.split(".")
    try:
        owner = functools.reduce(getattr, path, parameters)
        value = Path(assigned.value).read_text(encoding="utf-8") if assigned.is_file else assigned.value
        setattr(owner, name, _merged(name, getattr(owner, name), value, wheel))
    except (AttributeError, OSError, OverflowError, TypeError, ValueError) as error:
        return [f"cannot use `{assigned.value}` as {assigned.target}: {error}"]
    return []


def _merged(name: str, current: Any, value: Any, wheel: Any) -> Any:
    """The value in the shape in which the wheel holds it: arrays have a fixed length, objects their own class."""
    if name == "lora_adapters":
        return [*current, *(wheel.CommonAdapterLoraInfo(path, scale) for path, scale in value)]
    if name == "fit_params_target" and len(value) == 1:
        return value * len(current)
    if name in {"tensor_split", "fit_params_target"}:
        return [*value, *current[len(value) :]]
    if isinstance(current, dict):
        return {**current, **value}
    return value


def _fail(*problems: str, status: int) -> NoReturn:
    for problem in problems:
        _say(f"error: {problem}")
    # A regular exit, which waits for the thread that writes llama.cpp's log: it says why the start failed.
    sys.exit(status)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
