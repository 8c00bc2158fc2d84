"""The runtime `systemd` on a real systemd of a user, without a daemon around it."""

import json
import sys
from pathlib import Path

import pytest

from remuda.daemon.units import Units
from remuda.errors import EffectError
from tests.edge.systemd.private_user import private_user

AT_WORK = Path(__file__).with_name("units_at_work.py")
SRC = Path(__file__).parents[2] / "src"


def test_units_are_found_started_and_adopted(tmp_path: Path) -> None:
    user = private_user(tmp_path)
    services = {
        "stays": "ExecStart=sleep 1000",
        "wrong": "ExecStart=relative/path",
        "no-program": f"ExecStart={tmp_path}/no-such-program",
        "later": "Restart=always\nRestartSec=1h\nExecStart=sleep 1000",
        "needs": "ExecStart=sleep 1000\n[Unit]\nRequires=no-such.service",
        "empty": "Type=oneshot\nRemainAfterExit=yes\nExecStop=true",
        "prepares": "ExecStartPre=sleep 1000\nExecStart=sleep 1000",
    }
    for name, service in services.items():
        user.unit(f"{name}.service", service)
    (user.units / "masked.service").symlink_to("/dev/null")
    seen = json.loads(user.run([sys.executable, str(AT_WORK), str(tmp_path)], {"PYTHONPATH": str(SRC)}))
    assert seen == {
        "refusals": {
            "gone": [
                "cannot find the unit `gone.service`: systemd does not know it",
                "install it with `remuda apply systemd`",
            ],
            "masked": [
                "cannot use the unit `masked.service`: masked, Unit masked.service is masked",
                "see `systemctl status masked.service`, with `--user` if it is a user's",
            ],
            "wrong": [
                "cannot use the unit `wrong.service`: bad-setting, Unit wrong.service has a bad unit file setting",
                "see `systemctl status wrong.service`, with `--user` if it is a user's",
            ],
            "needs": "cannot start `needs.service`: Unit no-such.service not found",
            "empty": "cannot start `empty.service`: it has no main process",
        },
        "no program": 203,
        "cancelled": True,
        "not waited for": [-9, True],
        "one": {
            "pids": 1,
            "up": ["stays.service"],
            "ended": True,
            "adopted later": None,
            "without unit": None,
        },
    }


async def test_without_a_systemd_its_bus_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remuda.edge.systemd.service_manager.place_of", lambda _, *, is_user: tmp_path / "bus")
    with pytest.raises(EffectError, match=r"cannot reach systemd on the bus at .*/bus`: No such file"):
        await Units({}).up(["a.service"])
