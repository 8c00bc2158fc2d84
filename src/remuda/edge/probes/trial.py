"""Runs a program that may crash, and sees which instruction it crashed at.

The program is a child in a session of its own, with a time limit, after which all of the session is killed; without a
core file, and with every GPU hidden, so that what is tried is the build and no driver holds it up. Its main thread is
watched through ptrace(2), which needs no privilege for one's own child and no debugger: at SIGILL the kernel tells the
address, and the process still stands there to be read. Where ptrace is refused, the program runs all the same.

Nothing of the program is ever loaded into our own process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from remuda.facts.instruction import LONGEST
from remuda.facts.parse.maps import place
from remuda.facts.trial import Fault, Trial

LIMIT_S: Final = 60.0
"""What a trial may take: to import vLLM from a cold disk takes tens of seconds."""

_KEPT_LINES: Final = 200
_KEPT_BYTES: Final = 65_536
_ENVIRONMENT: Final = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "HIP_VISIBLE_DEVICES": "-1",
    "ROCR_VISIBLE_DEVICES": "-1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
# It begins once its standard input ends, so that it can be attached to before the program that it becomes has begun.
_WAITS: Final = """
import os, resource, sys
sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execv(sys.argv[1], sys.argv[1:])
"""

# ptrace(2), waitpid(2), <linux/ptrace.h>, <asm-generic/siginfo.h>
_CONTINUE, _GET_SIGNAL, _SEIZE = 7, 0x4202, 0x4206
_KILL_WITH_TRACER: Final = 1 << 20
_ALL_CHILDREN: Final = 0x40000000
_SIGNAL_BYTES: Final = 128
_ADDRESS: Final = slice(16, 24)
_EVENT_SHIFT: Final = 16


def run(argv: Sequence[str], *, limit_s: float = LIMIT_S) -> Trial:
    """Run a program, given by its path, until it ends or the time is over."""
    with tempfile.TemporaryDirectory(prefix="remuda-trial-") as empty, tempfile.TemporaryFile() as output:
        child = subprocess.Popen(  # noqa: S603  what the user asked to have tried
            [sys.executable, "-I", "-S", "-c", _WAITS, *argv],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **_ENVIRONMENT},
            cwd=empty,
            start_new_session=True,
        )
        late = threading.Event()
        limit = threading.Timer(limit_s, _end_late, (child.pid, late))
        try:
            unwatched = _attach(child.pid)
            limit.start()
            if child.stdin:
                child.stdin.close()
            child.returncode, fault = _follow(child.pid)
        finally:
            limit.cancel()
            _kill(child.pid)
        status = None if late.is_set() else child.returncode
        return Trial(
            argv=tuple(argv),
            status=status,
            limit_s=limit_s,
            output=_tail(output),
            fault=fault if status == -signal.SIGILL else None,
            unwatched=unwatched,
        )


def _follow(pid: int) -> tuple[int, Fault | None]:
    """The exit status of a child, and the first instruction that was refused.

    Whatever stops it is passed on. The first one counts, since Python's `faulthandler` raises the signal once more.
    """
    fault = None
    while True:
        _, status = os.waitpid(pid, _ALL_CHILDREN)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status), fault
        is_event = status >> _EVENT_SHIFT
        received = 0 if is_event else os.WSTOPSIG(status)
        if received == signal.SIGILL and fault is None:
            fault = _fault(pid)
        _ptrace(_CONTINUE, pid, 0, received)


def _attach(pid: int) -> str | None:
    """Begin to watch a child; the reason if that is refused."""
    number = _ptrace(_SEIZE, pid, 0, _KILL_WITH_TRACER)
    return os.strerror(number) if number else None


def _fault(pid: int) -> Fault | None:
    """Where a child stands that SIGILL has stopped; None for a signal that somebody sent."""
    told = ctypes.create_string_buffer(_SIGNAL_BYTES)
    if _ptrace(_GET_SIGNAL, pid, 0, ctypes.addressof(told)):
        return None
    if int.from_bytes(told.raw[8:12], sys.byteorder, signed=True) <= 0:
        return None
    address = int.from_bytes(told.raw[_ADDRESS], sys.byteorder)
    found = place(_maps(pid), address)
    code = _code(pid, address).hex()
    return Fault(code, found.path, found.offset) if found else Fault(code)


def _maps(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/maps").read_text(errors="replace")
    except OSError:
        return ""


def _code(pid: int, address: int) -> bytes:
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(LONGEST)
    except (OSError, OverflowError):
        return b""


def _ptrace(request: int, pid: int, address: int, data: int) -> int:
    """0, or the number of the error."""
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes = (ctypes.c_ulong, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    call.restype = ctypes.c_long
    return ctypes.get_errno() if call(request, pid, address, data) == -1 else 0


def _end_late(pid: int, late: threading.Event) -> None:
    late.set()
    _kill(pid)


def _kill(group: int) -> None:
    """End all that is left of a session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _tail(output: IO[bytes]) -> tuple[str, ...]:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _KEPT_BYTES))
    lines: Iterator[str] = (line.rstrip() for line in output.read().decode(errors="replace").splitlines())
    return tuple(line for line in lines if line)[-_KEPT_LINES:]
