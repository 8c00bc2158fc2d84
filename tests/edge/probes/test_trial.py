from __future__ import annotations

import os
import platform
import signal
import sys
import time
from pathlib import Path

import pytest

from remuda.edge.probes import trial
from remuda.facts.instruction import extension, is_trap
from remuda.facts.trial import Trial

ON_X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs instructions of x86-64")

# XOP is AMD's of 2011 to 2015; no other processor has it, so that it is refused wherever this runs today.
XOP = "8fe868a2d900"
EXECUTE = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex({code!r}))
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
LOAD = """
import ctypes, mmap
with open({path!r}, "rb") as file:
    page = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page, 64)))()
"""


def python(code: str, *, limit_s: float = 30.0) -> Trial:
    return trial.run((sys.executable, "-c", code), limit_s=limit_s)


def test_a_program_that_works() -> None:
    found = python("print('all is well')")
    assert (found.status, found.output, found.fault) == (0, ("all is well",), None)


def test_a_program_that_fails() -> None:
    found = python("raise ImportError('libcudart.so.12: cannot open shared object file')")
    assert found.status == 1
    assert found.output[-1] == "ImportError: libcudart.so.12: cannot open shared object file"


@ON_X86
def test_the_instruction_that_the_processor_refused_is_found() -> None:
    found = python(EXECUTE.format(code=XOP))
    assert found.status == -signal.SIGILL
    assert found.unwatched is None
    assert found.fault is not None
    assert found.fault.code.startswith(XOP)
    assert extension(bytes.fromhex(found.fault.code)) == "xop"


@ON_X86
def test_so_is_the_file_that_it_was_loaded_from(tmp_path: Path) -> None:
    library = tmp_path / "_C.abi3.so"
    library.write_bytes(bytes(64) + bytes.fromhex(XOP) + bytes(64))
    found = python(LOAD.format(path=str(library)))
    assert found.fault is not None
    assert (found.fault.library, found.fault.offset) == (str(library), 64)


@ON_X86
def test_a_handler_that_raises_the_signal_again_hides_nothing() -> None:
    found = python("import faulthandler; faulthandler.enable()" + EXECUTE.format(code="0f0b"))
    assert found.status == -signal.SIGILL
    assert found.fault is not None
    assert is_trap(bytes.fromhex(found.fault.code))
    assert "Fatal Python error: Illegal instruction" in found.output


@ON_X86
def test_an_instruction_that_the_program_survives_is_no_fault() -> None:
    handled = "import os, signal; signal.signal(signal.SIGILL, lambda *_: None); os.kill(os.getpid(), signal.SIGILL)"
    found = python(handled)
    assert (found.status, found.fault) == (0, None)


def test_a_signal_that_somebody_sent_is_no_instruction() -> None:
    found = python("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert (found.status, found.fault) == (-signal.SIGILL, None)


def test_another_signal_is_told() -> None:
    assert python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)").status == -signal.SIGSEGV


def test_a_program_that_hangs_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(told)!r}, "w").write(str(child.pid))
print("hangs", flush=True)
time.sleep(600)
"""
    found = python(code, limit_s=3.0)
    assert (found.status, found.output) == (None, ("hangs",))
    assert _is_gone(int(told.read_text()))


def _is_gone(pid: int) -> bool:
    """An orphan whose new parent has not taken note of it yet is dead as well."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_the_gpus_are_hidden_and_nothing_is_in_reach() -> None:
    found = python("import os, sys; print(os.environ['CUDA_VISIBLE_DEVICES'], os.listdir(), repr(sys.stdin.read()))")
    assert found.output == ("-1 [] ''",)


def test_only_the_end_of_what_it_prints_is_kept() -> None:
    found = python("for number in range(100_000): print('line', number)")
    assert found.output[-1] == "line 99999"
    assert len(found.output) == 200


def test_a_program_that_cannot_be_executed(tmp_path: Path) -> None:
    program = tmp_path / "engine"
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    found = trial.run((str(program),))
    assert found.status == 1
    assert "Exec format error" in found.output[-1]


def test_where_watching_is_refused_the_program_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = os.strerror(1)
    monkeypatch.setattr(trial, "_ptrace", lambda *_: 1)
    found = python("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert (found.status, found.fault, found.unwatched) == (-signal.SIGILL, None, refuse)


def test_nothing_of_it_is_loaded_here(tmp_path: Path) -> None:
    library = tmp_path / "_C.abi3.so"
    library.write_bytes(bytes(4096))
    python(f"import mmap; mmap.mmap(open({str(library)!r}, 'rb').fileno(), 0, prot=mmap.PROT_READ)")
    assert str(library) not in Path("/proc/self/maps").read_text()
