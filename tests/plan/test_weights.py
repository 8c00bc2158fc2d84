from __future__ import annotations

import json

import pytest

from remuda.plan.weights import too_large
from tests.spec.reading import said

CODER = "Qwen/Qwen2.5-Coder-32B-Instruct"


def fleet(model: str, *, engine: str = "vllm", **keys: object) -> str:
    return json.dumps({"models": {"a": {"engine": engine, "model": model, "devices": ["rocm0"], **keys}}})


def test_thirty_two_billion_parameters_in_twenty_gigabytes() -> None:
    """A design note for an MI50 of 32 GB: "Qwen2.5-Coder-32B needs ~20GB at fp16"."""
    (found,) = said(too_large, fleet(CODER, memory="20GB", settings={"dtype": "float16"}))
    expected = f"warning: `models.a.memory` is 18.6 GiB in all, but the weights of `{CODER}` take 59.6 GiB at 16 bits"
    assert found.partition(" ")[2] == expected


def test_a_lane_of_less_than_half_a_machine() -> None:
    """A specification for 128 GB of unified memory: two models of 32B in bf16, each at a share of 0.48."""
    settings = {"dtype": "bfloat16", "gpu-memory-utilization": 0.48}
    lane = fleet("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", memory="61.4GB", settings=settings)
    assert len(said(too_large, lane)) == 1


@pytest.mark.parametrize(
    ("model", "keys", "count"),
    [
        ("Qwen/Qwen3-30B-A3B", {"memory": "20GiB"}, 1),
        ("Qwen/Qwen3-0.6B", {"memory": "4GiB"}, 0),
        (CODER, {"memory": "61GiB"}, 0),
        (CODER, {"memory": "31GiB", "devices": ["cuda0", "cuda1"]}, 0),
        (CODER, {"memory": {"cuda0": "20GiB", "cuda1": "20GiB"}}, 1),
        (CODER, {"memory": "20GiB", "devices": ["cuda:all"]}, 0),
        (CODER, {"memory": "20GiB", "settings": {"quantization": "fp8"}}, 0),
        (CODER, {"memory": "20GiB", "settings": {"cpu_offload_gb": 40}}, 0),
        (CODER, {"memory": "20 parrots"}, 0),
        (CODER, {"memory": "20GiB", "engine": "llama-cpp"}, 0),
        (CODER, {}, 0),
        (f"{CODER}-AWQ", {"memory": "20GiB"}, 0),
        ("Lorbus/Qwen3.6-27B-int4-AutoRound", {"memory": "22GiB"}, 0),
        ("openai/gpt-oss-20b", {"memory": "16GiB"}, 0),
        ("google/gemma-3n-E4B", {"memory": "4GiB"}, 0),
        ("mistralai/Mixtral-8x7B-v0.1", {"memory": "4GiB"}, 0),
        ("/models/orchestrator/bf16", {"memory": "4GiB"}, 0),
    ],
)
def test_what_a_name_tells(model: str, keys: dict[str, object], count: int) -> None:
    assert len(said(too_large, fleet(model, **keys))) == count  # type: ignore[arg-type]


def test_defaults_of_the_engine_count() -> None:
    model = {"engine": "vllm", "model": CODER, "memory": "20GiB"}
    for settings, count in (({"quantization": "awq"}, 0), ({}, 1)):
        engines = {"vllm": {"devices": ["cuda0"], "settings": settings}}
        assert len(said(too_large, json.dumps({"engines": engines, "models": {"a": model}}))) == count
