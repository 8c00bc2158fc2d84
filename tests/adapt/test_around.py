from typing import Any

import pytest

from remuda.adapt.around import Ports, cpus, health_path, own_health_path, size, without_given


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16g", "16GiB"),
        ("16GB", "16GiB"),
        ("512m", "512MiB"),
        ("1024", 1024),
        ("34359738368b", "32GiB"),
        ("0", 0),
        ("x", None),
        ("", None),
    ],
)
def test_sizes(text: str, expected: int | str | None) -> None:
    assert size(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("7.5", 7.5), ("2", 2.0), ("0", None), ("all", None), ("-1", None)])
def test_processors(text: str, expected: float | None) -> None:
    assert cpus(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl -f http://localhost:8000/v1/models || exit 1", "/v1/models"),
        ("curl 'http://[::1]:8000/health'", "/health"),
        ("wget -q http://localhost:8000", "/"),
        ("ollama list", None),
    ],
)
def test_health_paths(text: str, expected: str | None) -> None:
    assert health_path(text) == expected


def test_own_health_paths() -> None:
    assert (own_health_path("vllm"), own_health_path("sglang")) == ("/health", "/health")


def test_what_an_engine_is_given_anyhow_is_left_out() -> None:
    entry = {
        "engine": "llama-cpp",
        "shm_size": "32GiB",
        "settings": {"metrics": True, "jinja": True},
        "environment": {"LLAMA_CACHE": "/root/.cache/llama.cpp"},
    }
    assert without_given(entry) == {"engine": "llama-cpp", "shm_size": "32GiB", "settings": {"jinja": True}}
    entry = {"engine": "vllm", "shm_size": "32GiB", "environment": {"DO_NOT_TRACK": "1", "VLLM_NO_USAGE_STATS": "0"}}
    assert without_given(entry) == {"engine": "vllm", "environment": {"VLLM_NO_USAGE_STATS": "0"}}


def test_no_two_models_have_one_port_and_none_has_the_gateway_s() -> None:
    ports = Ports()
    entries: list[dict[str, Any]] = [
        {"port": 8000},
        {"port": 8000},
        {"port": 8080},
        {"port": 8000, "cmd": ["x"]},
        {},
        {"port": 1, "cmd": ["${PORT}"]},
    ]
    notes = [ports.settle(entry) for entry in entries]
    assert [entry.get("port") for entry in entries] == [8000, None, None, 8000, None, 1]
    assert notes == [None, *(f"on port {port} there, which is taken here" for port in (8000, 8080)), None, None, None]
