"""Running units of a real systemd: how they end, and that nothing of them is left."""

import json
import sys
from pathlib import Path

from tests.edge.systemd.private_user import private_user

AT_WORK = Path(__file__).with_name("units_at_work.py")
SRC = Path(__file__).parents[3] / "src"
HANDS_OVER = """
import os, pathlib, socket, sys, time
if not os.fork():
    while not pathlib.Path(sys.argv[1], "go").exists():
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice:
        notice.sendto(f"READY=1\\nMAINPID={os.getpid()}".encode(), os.environ["NOTIFY_SOCKET"])
    time.sleep(1000)
while not pathlib.Path(sys.argv[1], "go").exists():
    time.sleep(0.01)
time.sleep(0.3)
"""
LISTENS = """
import socket, time
with socket.create_server(("127.0.0.1", 0)) as server:
    print("at", server.getsockname()[1], flush=True)
    time.sleep(1000)
"""


def test_units_end_whole_and_are_let_be(tmp_path: Path) -> None:
    user = private_user(tmp_path)
    for name, text in {"hands-over": HANDS_OVER, "listens": LISTENS}.items():
        (tmp_path / f"{name}.py").write_text(text)
    services = {
        "fails": f"KillMode=process\nExecStart=sh -c 'sleep 1000 & echo $$! > {tmp_path}/strays; "
        "sleep 0.2; echo about to fail; exit 3'",
        "stays": "ExecStart=sh -c 'echo up; exec sleep 1000'",
        "stubborn": "ExecStart=sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.1; done'",
        "family": "ExecStart=sh -c 'sleep 1000 & setsid sleep 1000 & echo up; wait'",
        "again": "Restart=always\nExecStart=sleep 1000",
        "hands-over": f"Type=notify\nNotifyAccess=all\nExecStart={sys.executable} {tmp_path}/hands-over.py {tmp_path}",
        "listens": f"ExecStart={sys.executable} {tmp_path}/listens.py",
        "alone": "ExecStart=unshare --net sh -c 'echo up; exec sleep 1000'",
    }
    for name, service in services.items():
        user.unit(f"{name}.service", service)
    seen = json.loads(user.run([sys.executable, str(AT_WORK), str(tmp_path)], {"PYTHONPATH": str(SRC)}))
    assert seen == {
        "fails": {"alive": True, "status": 3, "said": True, "members": [], "state": "failed"},
        "obeys": {"members": [1, 0], "state": "inactive"},
        "is stubborn": {"members": [2, 0], "state": "inactive"},
        "is killed": {"members": [3, 0], "state": "inactive"},
        "is released": {"is same": True},
        "starts again": {"status": -9, "is new": True, "left": [], "state": "inactive"},
        "hands over": {"is up": True, "status": -9},
        "listens": {"holds": [True, False, True]},
        "strays": [],
    }
