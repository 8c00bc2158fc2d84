from __future__ import annotations

import pytest

from remuda.engines import command, vllm
from remuda.engines.contract import FailureKind, first_trouble
from remuda.engines.failure import LINE_CHARACTERS, TAIL_LINES, explain


@pytest.mark.parametrize(
    ("returncode", "kind", "message"),
    [
        (None, FailureKind.EXITED, "command ended, and its exit status is not known"),
        (0, FailureKind.EXITED, "command exited with status 0 although nobody asked it to"),
        (1, FailureKind.EXITED, "command exited with status 1"),
        (128, FailureKind.EXITED, "command exited with status 128"),
        (255, FailureKind.EXITED, "command exited with status 255"),
        (-4, FailureKind.ILLEGAL_INSTRUCTION, "command was built for another processor: it ended by SIGILL"),
        (132, FailureKind.ILLEGAL_INSTRUCTION, "command was built for another processor: it ended by SIGILL"),
        (-6, FailureKind.EXITED, "command crashed with SIGABRT"),
        (-11, FailureKind.EXITED, "command crashed with SIGSEGV"),
        (-9, FailureKind.KILLED, "command was killed by SIGKILL, perhaps by the kernel because memory ran out"),
        (-15, FailureKind.KILLED, "command was killed by SIGTERM"),
        (-40, FailureKind.KILLED, "command was killed by signal 40"),
    ],
)
def test_an_exit_status_speaks_when_the_log_does_not(returncode: int | None, kind: FailureKind, message: str) -> None:
    failure = explain(command, returncode=returncode, lines=["starting", "working"])
    assert (failure.kind, failure.message) == (kind, message)


def test_the_log_speaks_before_the_exit_status() -> None:
    failure = explain(command, returncode=-9, lines=["torch.OutOfMemoryError: CUDA out of memory."])
    assert failure.kind is FailureKind.OUT_OF_MEMORY


def test_the_first_trouble_is_the_cause() -> None:
    lines = ["vllm: error: unrecognized arguments: --x", "CUDA out of memory"]
    trouble = first_trouble(vllm, lines)
    assert trouble
    assert trouble.kind is FailureKind.BAD_FLAG
    assert first_trouble(vllm, ["all is well"]) is None


def test_the_tail_is_bounded() -> None:
    failure = explain(command, returncode=1, lines=[f"{number} " + "x" * 5000 + "\n" for number in range(100)])
    assert len(failure.log_tail) == TAIL_LINES
    assert {len(line) for line in failure.log_tail} == {LINE_CHARACTERS}
    assert failure.log_tail[-1].startswith("99 ")


def test_a_long_line_of_trouble_is_cut() -> None:
    failure = explain(command, returncode=1, lines=["CUDA out of memory " + "x" * 5000])
    assert len(failure.message) < 600
