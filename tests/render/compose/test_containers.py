"""A rendered file is brought up by podman-compose with the real podman, where that can run containers."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from remuda.edge import ports
from remuda.plan.check import load_fleet
from remuda.render.compose.target import render
from remuda.render.contract import Request
from tests.edge.containers.tools import IMAGE, Machine, machine
from tests.render.compose.programs import podman_compose

NASTY = ["$HOME", "${HOME}", "$${X", "a 'b' \"c\"", "\\", "#", "é\n", ""]
SERVER = """\
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"argv": sys.argv[2:], "key": os.environ["KEY"]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def fleet(found: Machine, port: int, secret: Path) -> str:
    """One model whose server says what it was started with."""
    cmd = [
        str(Path(sys.executable).resolve()),
        "-c",
        SERVER,
        "${PORT}",
        *(word.replace("$", "$$") for word in NASTY),
        f"x${{file:{secret}}}",
    ]
    model = {
        "cmd": cmd,
        "ready": False,
        "runtime": "podman",
        "image": IMAGE.partition(":")[0],
        "tag": IMAGE.partition(":")[2],
        "network": "host",
        "port": port,
        "devices": ["cpu"],
        "volumes": list(found.contained().volumes),
        "environment": {"KEY": f"Bearer ${{file:{secret}}}"},
    }
    return json.dumps({"models": {"a": model}, "lint": {"model_ids": "off"}})


def answered(port: int) -> bytes:
    """The answer of a server that is about to start."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # what another program does raises no event here


def run(words: list[str], found: Machine) -> None:
    done = subprocess.run(words, env=found.cli.environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.podman
@pytest.mark.timeout(180)
def test_a_service_is_started_with_its_words_and_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("it's $ecret\n")
    port = ports.free_port("127.0.0.1")
    with machine("podman", tmp_path) as found:
        loaded, _, _ = load_fleet(fleet(found, port, tmp_path / "secret"), "remuda.yaml")
        for path, text in render(Request(loaded)).files.items():
            (tmp_path / path).write_text(text)
        compose = [podman_compose(), "-f", str(tmp_path / "compose.yaml")]
        try:
            run([*compose, "--profile", "a", "up", "--detach", "a"], found)
            body = answered(port)
        finally:
            run([*compose, "--profile", "a", "down"], found)
        assert json.loads(body) == {"argv": [*NASTY, "xit's $ecret"], "key": "Bearer it's $ecret"}
        assert found.names() == []
