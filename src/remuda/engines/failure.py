"""Why an instance ended: from the last lines of its log, else from its exit status.

The message is written for the client whose request could not be served. This module does not decide whether the
engine is started again.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence

from remuda.engines.contract import Engine, Failure, FailureKind, first_trouble

READ_LINES = 400
"""How many of a log's last lines to give to `explain`: vLLM writes a traceback of each process below the cause."""
TAIL_LINES = 20
LINE_CHARACTERS = 2_000
_MESSAGE_CHARACTERS = 500

WORDS = {
    FailureKind.OUT_OF_MEMORY: "ran out of memory",
    FailureKind.BAD_FLAG: "refused its command line",
    FailureKind.MISSING_WEIGHTS: "cannot load the model's weights",
    FailureKind.PORT_TAKEN: "found its port taken",
    FailureKind.ILLEGAL_INSTRUCTION: "was built for another processor",
    FailureKind.DRIVER_LOST: "cannot use the GPU's driver",
    FailureKind.NOT_INSTALLED: "is not completely installed",
}
"""What an engine did, by kind of failure; the others have no words of their own."""
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE})


def explain(engine: Engine, *, returncode: int | None, lines: Sequence[str]) -> Failure:
    """The failure of an engine that ended although nobody asked.

    `returncode` is the exit status, negative for a signal as in `subprocess`, None when it is not known; `lines` is the
    tail of its log, as many as `READ_LINES`.
    """
    tail = tuple(line.rstrip()[:LINE_CHARACTERS] for line in lines[-TAIL_LINES:])
    trouble = first_trouble(engine, lines)
    if trouble:
        words = WORDS.get(trouble.kind, "failed")
        return Failure(trouble.kind, f"{engine.NAME} {words}: {trouble.text[:_MESSAGE_CHARACTERS]}", tail)
    kind, words = _by_status(returncode)
    return Failure(kind, f"{engine.NAME} {words}", tail)


def _by_status(returncode: int | None) -> tuple[FailureKind, str]:
    if returncode is None:
        return FailureKind.EXITED, "ended, and its exit status is not known"
    if returncode == 0:
        return FailureKind.EXITED, "exited with status 0 although nobody asked it to"
    number = _signal_number(returncode)
    if number is None:
        return FailureKind.EXITED, f"exited with status {returncode}"
    if number == signal.SIGILL:
        return FailureKind.ILLEGAL_INSTRUCTION, "was built for another processor: it ended by SIGILL"
    if number == signal.SIGKILL:
        return FailureKind.KILLED, "was killed by SIGKILL, perhaps by the kernel because memory ran out"
    if number in _CRASHES:
        return FailureKind.EXITED, f"crashed with {_signal_name(number)}"
    return FailureKind.KILLED, f"was killed by {_signal_name(number)}"


def _signal_number(returncode: int) -> int | None:
    """The signal that ended it; a shell or a container reports 128 + the signal as its own status."""
    number = -returncode if returncode < 0 else returncode - 128
    return number if 0 < number < signal.NSIG else None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
