"""Engines that a real systemd of a user runs, as a daemon starts, swaps, loses and finds them."""

import sys
from pathlib import Path

import pytest

from remuda.edge.ports import free_port
from tests.edge.systemd.private_user import PrivateUser, private_user
from tests.end_to_end.daemon_process import Home

ROOT = Path(__file__).parents[2]
LIFE = Path(__file__).with_name("life_of_units.py")
FLEET = """
models:
  tiny-a: {{engine: llama-cpp, model: range.gguf, runtime: systemd, port: {a}, memory: 200MiB, devices: [cpu]}}
  tiny-b: {{engine: llama-cpp, model: sea.gguf, runtime: systemd, port: {b}, memory: 200MiB, devices: [cpu]}}
  gone: {{engine: llama-cpp, model: sea.gguf, runtime: systemd, memory: 1MiB, devices: [cpu]}}
  broken: {{engine: llama-cpp, model: sea.gguf, runtime: systemd, port: {broken}, memory: 1MiB, devices: [cpu]}}
residency: {{budget: {{cpu: 300MiB}}}}
lint: {{model_ids: 'off'}}
"""


def write(user: PrivateUser, model: str, *arguments: object, more: str = "") -> None:
    argv = " ".join(map(str, (sys.executable, "-m", "remuda.edge.embedded_llama_cpp", *arguments)))
    user.unit(f"llama-cpp-{model}.service", f"Environment=PYTHONPATH={ROOT / 'src'}\nExecStart={argv}\n{more}")


@pytest.mark.timeout(120)
def test_units_live_under_a_daemon(home: Home) -> None:
    user = private_user(home.path)
    a, b, broken = free_port(), free_port(), free_port()
    for model, weights, port, more in (("tiny-a", "range", a, "Restart=always"), ("tiny-b", "sea", b, "")):
        arguments = ("--model", home.path / f"{weights}.gguf", "--alias", model, "--host", "127.0.0.1", "--port", port)
        write(user, model, *arguments, more=more)
    write(user, "broken", "--no-such-option", "--port", broken)
    file = home.fleet(FLEET.format(a=a, b=b, broken=broken))
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "XDG_RUNTIME_DIR": home.environment["XDG_RUNTIME_DIR"],
    }
    user.run([sys.executable, str(LIFE), str(home.path), str(file)], environment, limit_s=110)
