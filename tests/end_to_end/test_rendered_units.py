"""What `remuda render systemd` writes, run by a real systemd of a user: engines, and the gateway in front of them."""

import sys
from pathlib import Path

import pytest

from remuda.edge.ports import free_port
from tests.edge.systemd.private_user import private_user
from tests.end_to_end.daemon_process import Home

ROOT = Path(__file__).parents[2]
LIFE = Path(__file__).with_name("life_of_rendered_units.py")
ENGINE = Path(__file__).with_name("engine_of_units.py")
FLEET = """
gateway: {{listen: "127.0.0.1:{gateway}", keys: [{{name: me, secret: "${{file:{home}/me.key}}"}}]}}
engines:
  command:
    environment_file: "{home}/engine.env"
    environment: {{OF_ENGINE: engine, BOTH: engine, OVER_FILE: engine}}
models:
  tiny-a:
    {{engine: llama-cpp, runtime: systemd, model: "{home}/range.gguf", memory: 200MiB, devices: [cpu],
      port: {a}, environment: {{TOKEN: "${{cred:token}}"}}}}
  tiny-b: {{engine: llama-cpp, runtime: systemd, model: "{home}/sea.gguf", memory: 200MiB, devices: [cpu], port: {b}}}
  slow:
    cmd: ["{python}", "{engine}", "${{PORT}}", "{home}/slow"]
    runtime: systemd
    port: {slow}
    memory: 1MiB
    devices: [cpu]
    limits: {{memory: 256MiB}}
    environment_file: "{home}/model.env"
    environment: {{OF_MODEL: "a $$b 50% \\"c\\"", BOTH: model, SECRET: "${{file:{home}/secret}}"}}
residency: {{budget: {{cpu: 300MiB}}}}
lint: {{model_ids: 'off'}}
"""


@pytest.mark.timeout(120)
def test_rendered_units_live_under_systemd(home: Home) -> None:
    user = private_user(home.path)
    a, b, slow, gateway = (free_port() for _ in range(4))
    text = FLEET.format(a=a, b=b, slow=slow, gateway=gateway, home=home.path, python=sys.executable, engine=ENGINE)
    files = {
        "me.key": "key-marker\n",
        "secret": "secret-marker\n",
        "engine.env": "IN_FILE=engine\nIN_BOTH_FILES=engine\nOVER_FILE=file\nOF_MODEL=file\nSECRET=file\n",
        "model.env": 'IN_BOTH_FILES="model"\nBOTH=file\n',
        "config_home/credstore/token": "token-marker\n",
    }
    for name, content in files.items():
        (home.path / name).parent.mkdir(parents=True, exist_ok=True)
        (home.path / name).write_text(content)
    done = home.run("render", "systemd", "-f", str(home.fleet(text)), "-o", str(home.path / "rendered"))
    assert done.returncode == 0, done.stderr
    for path in (home.path / "rendered/config").rglob("*"):
        if path.is_file():
            put = user.config / path.relative_to(home.path / "rendered/config")
            put.parent.mkdir(parents=True, exist_ok=True)
            put.write_text(path.read_text())
    words = [home.path, a, slow, gateway]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    argv = [sys.executable, str(LIFE), *map(str, words)]
    user.run(argv, environment, before="mount --make-rshared /", limit_s=110)  # as systemd wants it for credentials
