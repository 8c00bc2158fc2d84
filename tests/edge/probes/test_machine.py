import os
import stat
import time
from pathlib import Path

import pytest

from remuda.edge.probes import machine
from remuda.edge.probes.machine import LiveMachine, Printed
from remuda.errors import ProbeError


def test_this_machine_says_what_it_is() -> None:
    live = LiveMachine()
    assert live.architecture() == os.uname().machine
    assert (live.libc() or "glibc").startswith("glibc")
    uid, gids = live.identity()
    assert uid == os.geteuid()
    assert os.getegid() in gids


def test_space_is_what_the_file_system_says(tmp_path: Path) -> None:
    total, free = LiveMachine().space(str(tmp_path))
    assert 0 < free < total
    with pytest.raises(FileNotFoundError):
        LiveMachine().space(str(tmp_path / "no"))


def test_device_files_of_gpus_are_those_that_are_there() -> None:
    nodes = LiveMachine().nodes()
    assert all(stat.S_ISCHR(Path(node.path).stat().st_mode) for node in nodes)
    assert any(node.path == "/dev/kfd" for node in nodes) == Path("/dev/kfd").exists()


def test_a_program_is_run_to_its_end_without_a_terminal() -> None:
    assert LiveMachine().run(("sh", "-c", "cat; echo out; echo err >&2; exit 3")) == Printed(3, "out\n", "err\n")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_PROGRAM_LIMIT_S", 0.2)
    begun = time.monotonic()
    # The child holds the pipe, so that it alone would keep the reader waiting.
    with pytest.raises(ProbeError, match=r"`sh -c .*` did not end within 0\.2 s"):
        LiveMachine().run(("sh", "-c", "sleep 50 & sleep 50"))
    assert time.monotonic() - begun < 10


def test_programs_of_this_interpreter_are_looked_for_too() -> None:
    assert any((Path(folder) / "python").exists() for folder in LiveMachine().search_path())
    assert LiveMachine().which("sh")
    assert LiveMachine().which("no-such-program") is None
