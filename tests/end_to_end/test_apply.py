"""`remuda apply` on a real systemd of a user, with real engines and clients that ask all the while."""

import os
import sys
from pathlib import Path

import pytest

from remuda.edge.ports import free_port
from tests.edge.systemd.private_user import private_user
from tests.end_to_end.daemon_process import Home

ROOT = Path(__file__).parents[2]
LIFE = Path(__file__).with_name("life_of_applied_units.py")
FLEET = """
gateway: {{listen: "127.0.0.1:{gateway}"}}
engines: {{llama-cpp: {{devices: [cpu]}}}}
models:
  tiny-a: {{engine: llama-cpp, runtime: systemd, model: "{home}/range.gguf", memory: 200MiB, port: {a}, settings: {{}}}}
  tiny-b: {{engine: llama-cpp, runtime: systemd, model: "{home}/sea.gguf", memory: 200MiB, port: {b}}}
residency: {{budget: {{cpu: 300MiB}}}}
lint: {{model_ids: 'off'}}
"""


@pytest.mark.timeout(120)
def test_a_fleet_is_applied_changed_broken_and_taken_back(home: Home) -> None:
    user = private_user(home.path)
    a, b, gateway = (free_port() for _ in range(3))
    home.fleet(FLEET.format(a=a, b=b, gateway=gateway, home=home.path))
    programs = home.path / "programs"
    programs.mkdir()
    (programs / "loginctl").write_text("#!/bin/sh\n")  # nobody logs in here
    (programs / "loginctl").chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "HOME": str(home.path),
        "XDG_STATE_HOME": str(home.path / "state"),
    }
    argv = [sys.executable, str(LIFE), str(home.path), str(gateway)]
    user.run(argv, environment, before="mount --make-rshared /", limit_s=110)
