"""What can be seen of a daemon from outside, through its gateway: metrics, totals, logs, events, llama-swap's lists."""

import http.client
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.daemon_process import Daemon, Home

FLEET = """
gateway:
  access_log: access.jsonl
  keys:
    - {name: boss, secret: "${file:boss.key}", admin: true}
    - {name: roo, secret: "${file:roo.key}"}
models:
  org/tiny: {engine: llama-cpp, model: range.gguf, settings: {metrics: true}, ttl: 5m}
lint: {model_ids: 'off'}
"""


BOSS, ROO = "boss-secret", "roo-secret"


def fleet(home: Home) -> Path:
    file = home.fleet(FLEET)
    (home.path / "boss.key").write_text(BOSS)
    (home.path / "roo.key").write_text(ROO)
    return file


def open_path(daemon: Daemon, path: str, body: Any = None, *, key: str = BOSS) -> http.client.HTTPResponse:
    """The answer to a POST if there is a body, else to a GET; its connection goes with it."""
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=30)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "connection": "close"}
    connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
    return connection.getresponse()


def ask(daemon: Daemon, path: str, body: Any = None, *, key: str = BOSS) -> bytes:
    with open_path(daemon, path, body, key=key) as response:
        text = response.read()
        assert response.status == 200, text
        return text


def chat(daemon: Daemon, *, stream: bool) -> Any:
    message = {"role": "user", "content": "hello"}
    options = {"stream_options": {"include_usage": True}} if stream else {}
    return ask(
        daemon,
        "/v1/chat/completions",
        {"model": "org/tiny", "messages": [message], "max_tokens": 4, "stream": stream, **options},
        key=ROO,
    )


def values(page: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_what_is_served_is_seen_everywhere_and_after_a_restart(home: Home) -> None:
    file = fleet(home)
    with home.up(file) as daemon:
        assert json.loads(ask(daemon, "/running")) == {"running": []}
        chat(daemon, stream=False)
        chat(daemon, stream=True)
        (running,) = json.loads(ask(daemon, "/running"))["running"]
        assert (running["model"], running["state"], running["ttl"]) == ("org/tiny", "ready", 300)

        metrics = values(ask(daemon, "/metrics"))
        served = {"model": "org/tiny", "key": "roo", "status": "200"}
        assert (served, 2) in metrics["remuda_requests_total"]
        tokens = {labels["kind"]: value for labels, value in metrics["remuda_tokens_total"]}
        assert tokens["completion"] == 8
        assert tokens["prompt"] > 0
        assert [value for labels, value in metrics["remuda_load_seconds_count"]] == [1]
        assert metrics["remuda_engine_metrics_up"][0][1] == 1
        (predicted,) = metrics["llamacpp:tokens_predicted_total"]
        assert predicted[0]["model"] == "org/tiny"
        assert predicted[0]["engine"] == "llama-cpp"

        newest = json.loads(ask(daemon, "/api/requests?limit=9"))["requests"]
        assert {"stream": True, "completion_tokens": 4}.items() <= next(
            request for request in newest if request["stream"]
        ).items()
        assert b"POST /v1/chat/completions 200 org/tiny" in ask(daemon, "/logs")
        assert json.loads(ask(daemon, "/api/metrics/activity?model=org/tiny"))["total"] == 2

        assert ask(daemon, "/api/models/unload/org/tiny", {}) == b"OK"
        daemon.wait_until("org/tiny", "stopped")
        assert daemon.end() == 0
    lines = [json.loads(line) for line in (home.path / "access.jsonl").read_text().splitlines()]
    assert [line["path"] for line in lines if line["model"]] == ["/v1/chat/completions"] * 2
    with home.up(file) as daemon:
        (total,) = json.loads(ask(daemon, "/api/usage?group=model"))["usage"][-1:]
        assert (total["model"], total["requests"], total["completion_tokens"]) == ("org/tiny", 2, 8)


def test_events_go_through_the_gateway_and_do_not_keep_the_daemon(home: Home) -> None:
    with home.up(fleet(home)) as daemon, open_path(daemon, "/api/events") as stream:
        assert stream.status == 200
        kinds: set[str] = set()
        while kinds != {"logData", "modelStatus", "activity"}:
            line = stream.readline()
            if line.startswith(b"data:"):
                kinds.add(json.loads(line.removeprefix(b"data:"))["type"])
        began = time.monotonic()
        assert daemon.end() == 0
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("path", ["/metrics", "/running", "/api/requests", "/api/events", "/logs", "/unload"])
def test_keys_that_are_no_administrators_see_nothing_of_it(home: Home, path: str) -> None:
    with home.up(fleet(home)) as daemon:
        for key, status in ((ROO, 403), ("wrong", 401)):
            with open_path(daemon, path, key=key) as response:
                assert response.status == status
