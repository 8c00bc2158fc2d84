"""The verbs that steer a running daemon, as a user types them."""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.daemon_process import TIMEOUT_S, Daemon, Home

FAKE = Path(__file__).parents[1] / "fake_engine.py"
CMD = f"[{sys.executable}, {FAKE}, --any-model, --port, '${{PORT}}'"
FLEET = f"""
models:
  one: {{cmd: {CMD}], memory: 100MiB}}
  two: {{cmd: {CMD}], memory: 100MiB}}
  broken: {{cmd: {CMD}, --fail, weights], memory: 1MiB}}
residency: {{budget: {{cpu: 150MiB}}}}
lint: {{model_ids: 'off'}}
"""


def ask(daemon: Daemon, model: str) -> None:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "x"}]}).encode()
    asked = urllib.request.Request(f"{daemon.url}/v1/chat/completions", body)  # noqa: S310
    urllib.request.urlopen(asked, timeout=TIMEOUT_S).close()  # noqa: S310


def test_explain_says_what_would_go_and_a_lease_keeps_it(home: Home) -> None:
    with home.up(home.fleet(FLEET)) as daemon:
        ask(daemon, "one")
        assert "`one`" in home.run("plan", "--explain", "two").stdout
        assert home.json("plan", "--explain", "two")["evicts"] == ["one"]
        (lease,) = home.json("lease", "one", "--ttl", "5m")["leases"]
        assert home.json("plan", "--explain", "two")["evicts"] == []
        assert lease["lease"] in home.run("lease").stdout
        assert home.run("lease", "--end", lease["lease"]).returncode == 0
        assert home.json("lease") == {"leases": []}
        assert home.json("plan", "--explain", "two")["evicts"] == ["one"]
        ask(daemon, "two")
        assert daemon.ps()["one"]["state"] == "stopped"


def test_a_device_is_lent_and_comes_back(home: Home) -> None:
    with home.up(home.fleet(FLEET)) as daemon:
        ask(daemon, "one")
        assert home.run("lend", "cpu", "--to", "a game").returncode == 0
        daemon.wait_until("one", "stopped")
        assert home.run("lend").stdout.split()[3:5] == ["cpu", "lent"]
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(daemon, "one")
        with refused.value as answer:
            assert "a game" in json.load(answer)["error"]["message"]
        assert home.run("lend", "cpu", "--return").returncode == 0
        ask(daemon, "one")


def test_a_crash_loop_and_the_log_of_each_attempt_can_be_seen(home: Home) -> None:
    with home.up(home.fleet(FLEET)) as daemon:
        for _ in range(2):
            assert home.run("load", "broken").returncode == 6
        assert daemon.ps()["broken"]["failures"] >= 1
        assert "weights" in home.run("ps").stdout
        for which in (["--previous"], ["--attempt", "2"], []):
            assert "missing.gguf" in home.run("logs", "broken", *which).stdout
        unknown = home.run("logs", "broken", "--attempt", "9")
        assert unknown.returncode == 2
        assert "choose one of 1, 2" in unknown.stderr


def test_hooks_and_the_end_of_a_daemon(home: Home) -> None:
    hooks = "hooks: {before_load: [sh, -c, 'echo $0 $REMUDA_HOOK >> hooks.txt', x], after_unload: [touch, done]}"
    with home.up(home.fleet(FLEET.replace("memory: 100MiB}", f"memory: 100MiB, {hooks}}}", 1))) as daemon:
        began = time.monotonic()
        ask(daemon, "one")
        assert (home.path / "hooks.txt").read_text() == "x before_load\n"
        assert daemon.end() == 0
        assert (home.path / "done").exists()
        assert time.monotonic() - began < TIMEOUT_S
