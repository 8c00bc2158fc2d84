"""Every operation on a real systemd of a user, over its bus and over its private socket."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.edge.systemd.private_user import BUS, private_user

OPERATIONS = Path(__file__).with_name("operations.py")
ROOT = Path(__file__).parents[3]
NO_BUS = 'rm -f "$XDG_RUNTIME_DIR/bus"; exec "$@"'


@pytest.mark.parametrize("over", ["bus", "private socket"])
def test_units_are_started_watched_and_stopped(tmp_path: Path, over: str) -> None:
    if over == "bus" and shutil.which("dbus-daemon") is None:
        pytest.skip("there is no `dbus-daemon`: a manager on a bus is not tested")
    user = private_user(tmp_path)
    user.unit("good.service", "ExecStart=sleep 1000")
    user.unit(r"1-odd.x_y:z\x2da.service", "ExecStart=sleep 1000")
    user.unit("bad.service", "Type=notify\nExecStart=sh -c 'exit 3'")
    user.unit("slow.service", "Type=notify\nExecStart=sleep 1000")
    before = ("sh", "-c", NO_BUS, "sh") if over == "private socket" else ()
    argv = [*before, sys.executable, str(OPERATIONS)]
    said = user.run(argv, {"PYTHONPATH": str(ROOT / "src")}, before=BUS if over == "bus" else "")
    assert json.loads(said) == {
        "life": {
            "first": [True, "active", "running", "good.service"],
            "is same": True,
            "is new": True,
            "killed": ["signal", -9, None],
            "reset": "success",
        },
        "refusals": {
            "missing": {
                "message": "cannot start `gone.service`: Unit gone.service not found",
                "hint": None,
                "result": "lost",
            },
            "missing is": "not-found",
            "bad": {
                "message": "cannot start `bad.service`: its job ended with `failed`, "
                "the unit with `exit-code` (status 3)",
                "hint": "see `journalctl --user --unit=bad.service`",
                "result": "failed",
            },
            "slow": {
                "message": "cannot start `slow.service`: systemd has not finished after 0.2 s",
                "hint": "see `journalctl --user --unit=slow.service`",
                "result": "timeout",
            },
            "up": ["slow.service"],
            "stopped": {},
        },
        "anew": {"name": r"1-odd.x_y:z\x2da.service", "reload": [True, False]},
    }
