from __future__ import annotations

from typing import Any

import pytest

from tests.adapt.llama_swap.golden import said
from tests.adapt.llama_swap.test_command import entry, of

SERVER = "tts --port ${PORT}"


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        ("http://localhost:${PORT}", {}),
        ("http://127.0.0.1:${PORT}/", {}),
        ("http://[::1]:${PORT}", {}),
        ("http://127.0.0.1:9000", {"port": 9000}),
        ("http://localhost", {"port": 80}),
    ],
)
def test_a_port_of_this_machine_is_one(proxy: str, expected: dict[str, Any]) -> None:
    assert entry(SERVER, proxy=proxy) == {"cmd": SERVER, **expected}


@pytest.mark.parametrize(
    ("proxy", "url"),
    [
        ("http://10.0.0.7:8000", "http://10.0.0.7:8000"),
        ("https://far.example/llm/", "https://far.example/llm"),
        ("http://box:${PORT}", "http://box:5800"),
    ],
)
def test_another_machine_is_a_url(proxy: str, url: str) -> None:
    found = of({"cmd": SERVER, "proxy": proxy, "ttl": 5, "cmdStop": "x", "env": ["A=b"], "checkEndpoint": "/x"})
    assert found.data["models"]["a"] == {"url": url}
    assert "leads to another machine" in said(found)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", {}),
        ("none", {"ready": False}),
        ("up", {"ready": "/up"}),
        ("http://x:1/up", {"ready": "/up"}),
        (None, {}),
    ],
)
def test_the_path_that_tells_readiness(path: str | None, expected: dict[str, Any]) -> None:
    assert entry(SERVER, checkEndpoint=path) == {"cmd": SERVER, **expected}


@pytest.mark.parametrize(
    ("stop", "hooks"),
    [
        ("", None),
        ("kill -15 ${PID}", None),
        ("# nothing\n", None),
        ("kill -9 ${PID}", None),
        ("stop-tts 'a b' ${PORT} # x", {"before_unload": ["stop-tts", "a b", "${PORT}", "#", "x"]}),
    ],
)
def test_how_a_model_is_stopped(stop: str, hooks: dict[str, Any] | None) -> None:
    assert entry(SERVER, cmdStop=stop).get("hooks") == hooks


def test_a_container_is_stopped_by_remuda() -> None:
    run = "podman run --rm --name x -p ${PORT}:8000 vllm/vllm-openai:v1 --model org/x"
    assert "hooks" not in entry(run, cmdStop="podman stop -t 5 x")
    assert entry(run, cmdStop="notify-send bye")["hooks"] == {"before_unload": ["notify-send", "bye"]}


@pytest.mark.parametrize(
    "keys", [{}, {"cmd": ""}, {"cmd": "# only a comment"}, {"cmd": "tts"}, {"cmd": SERVER, "proxy": "9000"}]
)
def test_what_nobody_can_start_is_left_out(keys: dict[str, Any]) -> None:
    found = of(keys or {"name": "x"})
    assert found.data.get("models", {}) == {}
    assert "left out" in said(found)
    assert not found.is_refused
