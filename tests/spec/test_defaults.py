from __future__ import annotations

import pytest

from remuda.spec.defaults import engine_name, runtime_name


@pytest.mark.parametrize(
    ("engine", "cmd", "url", "expected"),
    [
        (None, None, None, None),
        (None, ("x",), None, "command"),
        (None, None, "http://h", "command"),
        ("vllm", None, None, "vllm"),
        ("ollama", None, "http://h", "ollama"),
    ],
)
def test_engine(engine: str | None, cmd: object, url: object, expected: str | None) -> None:
    assert engine_name(engine, cmd=cmd, url=url) == expected


@pytest.mark.parametrize(
    ("runtime", "url", "expected"),
    [(None, None, "process"), (None, "http://h", "external"), ("podman", None, "podman")],
)
def test_runtime(runtime: str | None, url: object, expected: str) -> None:
    assert runtime_name(runtime, url=url) == expected
