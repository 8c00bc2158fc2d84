from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.spec.model_id import ModelId, flaws, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qwen3.6-27b-vllm-180k-cuda0", ModelId("qwen3.6", "27b", "cuda0", "vllm", "180k")),
        ("qwen3.6-27b-vllm-145k-vl-cuda0", ModelId("qwen3.6", "27b", "cuda0", "vllm", "145k", vision=True)),
        ("qwen3.6-27b-vllm-75k-cuda0", ModelId("qwen3.6", "27b", "cuda0", "vllm", "75k")),
        ("llama-3-8b-cpu", ModelId("llama-3", "8b", "cpu")),
        ("gpt-oss-120b-dual", ModelId("gpt-oss", "120b", "dual")),
        ("qwen3-30b-a3b-llama-cpp-awq-1m-all", ModelId("qwen3", "30b-a3b", "all", "llama-cpp-awq", "1m")),
        ("mixtral-8x7b-rocm1", ModelId("mixtral", "8x7b", "rocm1")),
        ("gemma3n-e4b-vl-cuda1", ModelId("gemma3n", "e4b", "cuda1", vision=True)),
        ("smollm2-135m-cpu", ModelId("smollm2", "135m", "cpu")),
        ("qwen3-0.6b-embedding-cpu", ModelId("qwen3", "0.6b", "cpu", "embedding")),
    ],
)
def test_the_parts_of_an_id(text: str, expected: ModelId) -> None:
    assert flaws(text) == ()
    assert parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("whisper", ["the placement is missing", "the size is missing"]),
        ("27b-cuda0", ["the family is missing"]),
        ("qwen3-cuda0", ["the size is missing"]),
        ("qwen3-27b", ["the placement is missing"]),
        ("qwen3-27b-cuda0-vllm", ["the placement `cuda0` is not last"]),
        ("qwen3-27b-vl-180k-cuda0", ["`vl` is not directly before the placement"]),
        ("qwen3-27b-180k-vllm-cuda0", ["the context `180k` is not directly before"]),
        ("qwen3-27b-thinking-cuda0", ["`thinking` does not belong"]),
        ("Qwen3-27B-cuda0", ["`Qwen3` is not of lower-case", "the size is missing"]),
        ("qwen3--27b-cuda0", ["`` is not of lower-case"]),
        ("", ["`` is not of lower-case", "the placement is missing", "the size is missing"]),
        ("cuda0", ["the size is missing"]),
    ],
)
def test_each_flaw_is_named(text: str, expected: list[str]) -> None:
    found = flaws(text)
    assert parse(text) is None
    assert len(found) == len(expected)
    assert all(flaw.startswith(start) for flaw, start in zip(found, expected, strict=True))


words = st.sampled_from(["vllm", "sglang", "awq", "llama", "cpp", "fp8", "int4"])
ids = st.builds(
    ModelId,
    family=st.sampled_from(["qwen3.6", "llama-3", "gpt-oss", "gemma4"]),
    size=st.sampled_from(["27b", "0.6b", "30b-a3b", "8x7b", "e4b", "135m"]),
    placement=st.sampled_from(["cuda0", "cuda11", "rocm2", "dual", "cpu", "all"]),
    variant=st.none() | st.lists(words, min_size=1, max_size=3).map("-".join),
    context=st.none() | st.sampled_from(["180k", "32k", "1m", "1.5m"]),
    vision=st.booleans(),
)


@given(ids)
def test_parts_survive_being_put_together(model_id: ModelId) -> None:
    assert parse(str(model_id)) == model_id


@given(st.text("abq3.-vlk27cud0", max_size=24))
def test_an_id_without_flaws_is_the_sum_of_its_parts(text: str) -> None:
    parsed = parse(text)
    assert (parsed is None) == bool(flaws(text))
    if parsed:
        assert str(parsed) == text
