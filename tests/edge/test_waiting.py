import subprocess
import sys
import time

import pytest

from remuda.edge.notice import Notices, tell
from remuda.edge.waiting import Pidfd, first_of


def test_the_end_of_a_process_is_seen_at_once() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        watched, notices = Pidfd(process.pid), Notices()
        with pytest.raises(TimeoutError):
            first_of((watched, notices), 0.05)
        tell(notices.address, "x")
        assert first_of((notices, watched), 5) is notices
        notices.read()
        process.stdin.close()
        began = time.monotonic()
        assert first_of((notices, watched), 5) is watched
        assert time.monotonic() - began < 2
        watched.close()
        notices.close()
    with pytest.raises(ProcessLookupError):
        Pidfd(process.pid)
