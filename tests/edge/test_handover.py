import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge.handover import NOTHING, Estate, inherit

TELLS = """
import json, os, sys
from remuda.edge.handover import inherit
environment = dict(os.environ)
estate = inherit(environment)
print(json.dumps({
    "pid": os.getpid(),
    "gateway": [os.readlink(f"/proc/self/fd/{number}") for number in estate.gateway],
    "control": estate.control and os.readlink(f"/proc/self/fd/{estate.control}"),
    "lock": estate.lock and os.readlink(f"/proc/self/fd/{estate.lock}"),
    "is_of_unit": estate.is_of_unit,
    "is_inheritable": any(map(os.get_inheritable, [*estate.gateway, estate.control, estate.lock])),
    "open": sorted(os.listdir("/proc/self/fd")),
    "left": sorted(name for name in environment if name.startswith("LISTEN_")),
}), flush=True)
"""
GIVES_WAY = """
import os, sys
from remuda.edge.handover import Estate, replace_process
files = [os.open(path, os.O_RDWR | os.O_CREAT) for path in sys.argv[2:]]
third, lock, first, control, second = files
estate = Estate((first, second, third), control, lock, is_of_unit=sys.argv[1] == "unit")
print(os.getpid(), flush=True)
replace_process([sys.executable, "-c", os.environ["TELLS"]], dict(os.environ), estate)
"""


@pytest.mark.parametrize("whose", ["unit", "ours"])
def test_what_a_program_hands_over_the_next_one_has_by_name_and_in_order(tmp_path: Path, whose: str) -> None:
    paths = [str(tmp_path / name) for name in ("third", "lock", "first", "control", "second")]
    argv = [sys.executable, "-c", GIVES_WAY, whose, *paths]
    done = subprocess.run(argv, env={**os.environ, "TELLS": TELLS}, capture_output=True, text=True, check=True)
    pid, line = done.stdout.splitlines()
    told = json.loads(line)
    assert told.pop("open")[:9] == sorted(map(str, range(9)))  # 8 is the look at them
    assert told == {
        "pid": int(pid),
        "gateway": [str(tmp_path / name) for name in ("first", "second", "third")],
        "control": str(tmp_path / "control"),
        "lock": str(tmp_path / "lock"),
        "is_of_unit": whose == "unit",
        "is_inheritable": False,
        "left": [],
    }


@pytest.fixture
def third() -> Iterator[int]:
    """Descriptor 3 as a socket unit would give it; what was there before is there again afterwards."""
    try:
        before = os.dup(3)
    except OSError:
        before = None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.dup2(listener.fileno(), 3)
        yield 3
        if before is None:
            os.close(3)
        else:
            os.dup2(before, 3)
            os.close(before)


@pytest.mark.parametrize("names", [{}, {"LISTEN_FDNAMES": "remuda.socket"}, {"LISTEN_FDNAMES": "unknown"}])
def test_what_bears_none_of_our_names_is_a_socket_units(third: int, names: dict[str, str]) -> None:
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", **names, "OTHER": "x"}
    assert inherit(environment) == Estate((third,), is_of_unit=True)
    assert environment == {"OTHER": "x"}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"},
        {"LISTEN_PID": str(os.getpid())},
    ],
)
def test_what_is_meant_for_another_process_is_not_ours(told: dict[str, str]) -> None:
    environment = dict(told)
    assert inherit(environment) == NOTHING
    assert environment == {}


HOLDS = """
import os, signal, sys
from remuda.edge import handover
handover.hold_signals([signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
code = "import signal; from remuda.edge import handover; signal.signal(15, lambda *_: print('got', flush=True));"
code += "print('ready', flush=True); handover.let_signals_come([signal.SIGTERM])"
handover.replace_process([sys.executable, "-c", code], dict(os.environ), handover.NOTHING)
"""


def test_a_signal_between_two_programs_waits_for_the_second() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDS], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (["ready", "got"], 0), done.stderr
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
