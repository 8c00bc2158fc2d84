import os
import subprocess
import sys
from pathlib import Path

import pytest

from remuda.edge.lock import Lock, holder
from remuda.errors import EffectError


def test_a_second_daemon_is_told_who_holds_the_fleet(tmp_path: Path) -> None:
    held = Lock(tmp_path / "lock")
    with pytest.raises(EffectError, match=f"already up: the daemon with pid {os.getpid()}"):
        Lock(tmp_path / "lock")
    held.release()
    Lock(tmp_path / "lock").release()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    code = "import os, sys, pathlib, remuda.edge.lock as l; l.Lock(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)
    Lock(tmp_path / "lock").release()


def test_who_holds_it_can_be_asked_without_touching_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    held = Lock(path)
    assert holder(path) == os.getpid()
    held.release()
    assert holder(path) is None
    path.write_text("none")
    assert holder(path) is None


def test_it_passes_to_the_program_that_takes_the_holders_place(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = Lock(path)
    second = Lock(path, os.dup(first.descriptor))
    first.release()
    with pytest.raises(EffectError, match="already up"):
        Lock(path)
    second.release()
    Lock(path).release()
