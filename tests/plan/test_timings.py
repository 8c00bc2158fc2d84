from __future__ import annotations

import pytest

from remuda.plan import timings
from tests.spec.reading import said


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # One of the seeds counts on switches of 30 to 60 s.
        (
            "engine: vllm, model: m, ttl: 30s",
            ["2:36 warning: `models.a.ttl` ends it after 30s, and vLLM takes 1 to 10 minutes to start again"],
        ),
        ("engine: sglang, model: m, ttl: 59s", ["2:38 warning: `models.a.ttl` ends it after 59s, and SGLang takes"]),
        ("engine: vllm, model: m, ttl: 60s", []),
        ("engine: vllm, model: m, ttl: 0", []),
        ("engine: vllm, model: m, ttl: never", []),
        ("engine: vllm, model: m, ttl: 30", []),
        ("engine: llama-cpp, model: m, ttl: 30s", []),
    ],
)
def test_an_engine_that_is_ended_sooner_than_it_starts(keys: str, expected: list[str]) -> None:
    found = said(timings.short_lives, f"models:\n  a: {{{keys}}}\n")
    assert [line[: len(wanted)] for line, wanted in zip(found, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            "min_residency: 5m",
            ["1:28 warning: `residency.min_residency` is 5m, but `max_wait` ends it for another after 2m"],
        ),
        ("min_residency: 5m, max_wait: 10m", []),
        ("min_residency: 5m, max_wait: never", []),
        ("min_residency: 2m", []),
        ("min_residency: 5", []),
        ("max_wait: 1s", []),
    ],
)
def test_a_residency_that_never_holds(keys: str, expected: list[str]) -> None:
    assert said(timings.never_held, f"residency: {{{keys}}}\n") == expected
