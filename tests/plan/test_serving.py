from __future__ import annotations

from typing import Any

import pytest

from remuda.plan.serving import Serving, serving
from remuda.spec.fleet import Fleet
from remuda.spec.merge import effective


def served(engine: str = "vllm", **model: Any) -> Serving:
    entry = {"engine": engine, "model": "m", **model}
    fleet = {"engines": {"vllm": {"settings": {"max-model-len": 8192}}}, "models": {"a": entry}}
    return serving(effective(Fleet.model_validate(fleet), "a"))


def test_the_settings_tell_what_the_file_does_not_say() -> None:
    assert served() == Serving(context_length=8192, capabilities=("completion", "chat"))
    assert served(settings={"max-model-len": 4096}).context_length == 4096
    assert served("llama-cpp", settings={"c": 4096, "mmproj": "p.gguf"}) == Serving(
        context_length=4096, capabilities=("completion", "chat", "tools", "vision")
    )


def test_what_the_file_says_wins() -> None:
    made = served(context_length=100, capabilities=["vision", "chat"])
    assert (made.context_length, made.capabilities) == (100, ("chat", "vision"))
    assert served(capabilities=[]).capabilities == ()


def test_everything_else_is_taken_as_it_is() -> None:
    made = served(
        aliases=["b"],
        metadata={"x": [1]},
        strip_params=["n"],
        set_params={"t": None},
        on_disconnect="drain",
        upstream_headers={"X-A": "${env:A}"},
        unlisted=True,
    )
    assert (made.aliases, made.metadata, made.strip_params) == (("b",), {"x": [1]}, ("n",))
    assert (made.set_params, made.drains, made.upstream_headers) == ({"t": None}, True, {"X-A": "${env:A}"})
    assert made.is_unlisted


@pytest.mark.parametrize(("engine", "expected"), [("vllm", True), ("llama-cpp", False)])
def test_timings_are_added_where_there_are_none(engine: str, expected: bool) -> None:  # noqa: FBT001
    assert served(engine, timings=True).tells_timings is expected
    assert served(engine).tells_timings is False
