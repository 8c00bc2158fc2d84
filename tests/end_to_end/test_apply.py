"""`remuda apply` on a real systemd of a user: what runs, what is restarted, and the way back."""

import os
import sys
from pathlib import Path

from remuda.edge.ports import free_port
from tests.edge.systemd.private_user import private_user
from tests.end_to_end.daemon_process import Home

ROOT = Path(__file__).parents[2]
LIFE = Path(__file__).with_name("life_of_applied_units.py")
ENGINE = Path(__file__).with_name("engine_of_units.py")
FLEET = """
gateway: {{listen: "127.0.0.1:{gateway}"}}
engines: {{command: {{devices: [cpu]}}}}
models:
  one:
    cmd: ["{python}", "{engine}", "${{PORT}}", "{home}/one"]
    runtime: systemd
    port: {one}
    memory: 1MiB
    environment: {{VERSION: one-1}}
  two:
    cmd: ["{python}", "{engine}", "${{PORT}}", "{home}/two"]
    runtime: systemd
    port: {two}
    memory: 1MiB
    environment: {{VERSION: two-1}}
lint: {{model_ids: 'off'}}
"""


def test_units_are_applied_restarted_and_taken_back(home: Home) -> None:
    user = private_user(home.path)
    one, two, gateway = (free_port() for _ in range(3))
    home.fleet(FLEET.format(one=one, two=two, gateway=gateway, home=home.path, python=sys.executable, engine=ENGINE))
    programs = home.path / "programs"
    programs.mkdir()
    for name in ("one.loaded", "two.loaded"):
        (home.path / name).touch()
    (programs / "loginctl").write_text("#!/bin/sh\n")  # nobody logs in here
    (programs / "loginctl").chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "HOME": str(home.path),
        "XDG_STATE_HOME": str(home.path / "state"),
    }
    argv = [sys.executable, str(LIFE), str(home.path)]
    user.run(argv, environment, before="mount --make-rshared /", limit_s=55)
