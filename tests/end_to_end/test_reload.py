"""The fleet file is edited while a daemon serves: what need not change must not notice."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon_process import TIMEOUT_S, Daemon, Home, is_alive, wait_until_gone

FAKE = Path(__file__).parents[1] / "fake_engine.py"


def fleet(**models: str) -> str:
    """A fleet of fake engines: their switches by model."""
    entries = [
        f"  {name}: {{cmd: [{sys.executable}, {FAKE}, --any-model, --model, {name}, --port, '${{PORT}}'{switches}]}}"
        for name, switches in models.items()
    ]
    return "\n".join(["models:", *entries, "residency: {budget: {cpu: 1GiB}}", "lint: {model_ids: off}", ""]).replace(
        "]}", "], memory: 10MiB}"
    )


def request(daemon: Daemon, model: str, **fake: Any) -> urllib.request.Request:
    body = {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": True, "fake": fake}
    return urllib.request.Request(f"{daemon.url}/v1/chat/completions", json.dumps(body).encode())  # noqa: S310


def answer(daemon: Daemon, model: str) -> str:
    """The engine that answers, by its name and pid."""
    with urllib.request.urlopen(request(daemon, model), timeout=TIMEOUT_S) as response:  # noqa: S310
        assert b"[DONE]" in response.read()
        return str(response.headers["x-fake-engine"])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def stream_of(home: Home) -> Iterator[Callable[[Daemon, str], Any]]:
    opened = []

    def start(daemon: Daemon, model: str) -> Any:
        opened.append(urllib.request.urlopen(request(daemon, model, tokens=40, rate=20), timeout=TIMEOUT_S))  # noqa: S310
        opened[-1].readline()
        return opened[-1]

    yield start
    for response in opened:
        response.close()


def test_a_reload_disturbs_only_what_it_changes(home: Home, stream_of: Callable[[Daemon, str], Any]) -> None:
    file = home.fleet(fleet(same="", changed="", removed=""))
    with home.up(file) as daemon:
        before = {model: answer(daemon, model) for model in ("same", "changed", "removed")}
        pids = {model: daemon.ps()[model]["pid"] for model in before}
        streams = {model: stream_of(daemon, model) for model in before}
        home.fleet(fleet(same="", changed=", --tokens, '3'", added=""))
        told = home.json("reload")
        assert (told["added"], told["changed"], told["removed"]) == (["added"], ["changed"], ["removed"])
        assert set(daemon.ps()) == {"same", "changed", "added"}
        for model, stream in streams.items():
            assert b"[DONE]" in stream.read(), model
        assert answer(daemon, "same") == before["same"]
        assert answer(daemon, "changed") != before["changed"]
        assert answer(daemon, "added").startswith("added ")
        wait_until_gone(pids["removed"])
        with pytest.raises(urllib.error.HTTPError, match="404"):
            answer(daemon, "removed")


@pytest.mark.parametrize("text", ["models: [", "models: {}\nnonsense: true\n"])
def test_a_file_with_a_mistake_changes_nothing_and_says_why(home: Home, text: str) -> None:
    good = fleet(same="")
    with home.up(home.fleet(good)) as daemon:
        before = answer(daemon, "same")
        home.fleet(text)
        refused = home.run("reload")
        assert refused.returncode == 2
        assert "remuda.yaml:" in refused.stderr
        assert answer(daemon, "same") == before
        daemon.wait_for("the fleet file cannot be used, everything stays as it was")
        home.fleet(good)
        assert home.run("reload").returncode == 0
        assert answer(daemon, "same") == before


def test_sighup_reads_the_file_again_where_there_is_no_terminal(home: Home) -> None:
    with home.up(home.fleet(fleet(one=""))) as daemon:
        home.fleet(fleet(one="", two=""))
        os.kill(daemon.pid, signal.SIGHUP)
        assert daemon.wait_for(r"in force: (.*)") == "two added"
        assert answer(daemon, "two").startswith("two ")
        assert daemon.end(signal.SIGTERM) == 0


def test_trap_43_edits_in_a_burst_are_one_reload_and_leave_one_engine_a_model(home: Home) -> None:
    with home.up(home.fleet(fleet(one="")), "--watch") as daemon:
        first = daemon.ps()["one"]["pid"]
        answer(daemon, "one")
        first = daemon.ps()["one"]["pid"]
        for number in range(20):
            text = fleet(one=f", --tokens, '{number + 1}'")
            home.fleet(text[: len(text) // 2])
            home.fleet(text)
            os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for("one changed")
        until(lambda: _tokens(daemon) == 20)
        wait_until_gone(first)
        assert _engines(home) == [daemon.ps()["one"]["pid"]]


def _tokens(daemon: Daemon) -> int:
    with urllib.request.urlopen(request(daemon, "one"), timeout=TIMEOUT_S) as response:  # noqa: S310
        return int(response.read().count(b'"content"'))


def _engines(home: Home) -> list[int]:
    """The pids of all engines that work in the test's directory."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = (directory / "cwd").readlink() == home.path
            if is_ours and str(FAKE) in (directory / "cmdline").read_text() and is_alive(int(directory.name)):
                found.append(int(directory.name))
        except OSError:
            continue
    return found
