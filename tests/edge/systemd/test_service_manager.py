"""Every operation on a real systemd of a user."""

import json
import sys
from pathlib import Path

from tests.edge.systemd.private_user import private_user

OPERATIONS = Path(__file__).with_name("operations.py")
SRC = Path(__file__).parents[3] / "src"


def test_units_are_started_watched_and_stopped(tmp_path: Path) -> None:
    user = private_user(tmp_path)
    user.unit("good.service", "ExecStart=sleep 1000")
    user.unit(r"1-odd.x_y:z\x2da.service", "ExecStart=sleep 1000")
    user.unit("bad.service", "Type=notify\nExecStart=sh -c 'exit 3'")
    user.unit("slow.service", "Type=notify\nExecStart=sleep 1000")
    said = user.run([sys.executable, str(OPERATIONS)], {"PYTHONPATH": str(SRC)})
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
