import os
import subprocess
import sys
from pathlib import Path

import pytest

from remuda.edge.lock import Lock
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
