"""The table as a terminal shows it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

SCRIPT = """
import time
from remuda.cli.live_table import LiveTable
from remuda.daemon import report
from remuda.engines.contract import Failure, FailureKind
with LiveTable(["tiny-a", "tiny-b", "tiny-c", "tiny-d", "tiny-e", "tiny-f"]) as display:
    display.show(report.Serving("http://h:1"))
    display.show(report.Starting("tiny-a"))
    display.show(report.Ready("tiny-b", "http://h:2", 0.25))
    display.show(report.Failed("tiny-c", Failure(FailureKind.EXITED, "it crashed")))
    display.show(report.Asleep("tiny-e", 0.5))
    display.show(report.Awake("tiny-f", "http://h:3", 0.5))
    display.print("[not markup] /v1/models")
    time.sleep(0.3)
"""


@pytest.fixture
def screen() -> str:
    """Everything that the script writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    argv = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}):
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
    os.close(ours)
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def test_each_model_has_a_line_with_its_state(screen: str) -> None:
    for words in (
        "starting",
        "http://h:2  in 0.2 s",
        "it crashed",
        "stopped",
        "asleep",
        "http://h:3  awake",
        "serves at http://h:1/v1",
    ):
        assert words in screen


def test_what_is_printed_is_not_taken_for_markup(screen: str) -> None:
    assert "[not markup] /v1/models" in screen
