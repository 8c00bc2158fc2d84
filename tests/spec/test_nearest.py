from __future__ import annotations

import pytest

from remuda.spec.nearest import nearest, suggestion


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("modle", ["model", "models", "name"], "model"),
        ("llama_cpp", ["llama-cpp", "vllm"], "llama-cpp"),
        ("VLLM", ["vllm", "sglang"], "vllm"),
        ("xyz", ["model", "name"], None),
        ("a", [], None),
    ],
)
def test_the_name_that_was_meant(name: str, candidates: list[str], expected: str | None) -> None:
    assert nearest(name, candidates) == expected


def test_the_order_of_candidates_does_not_matter() -> None:
    assert nearest("tiny", ["tiny-b", "tiny-a"]) == nearest("tiny", ["tiny-a", "tiny-b"])


def test_a_suggestion_is_a_hint() -> None:
    assert suggestion("vlm", ["vllm"]) == "write `vllm`"
    assert suggestion("q", ["vllm"], otherwise="use one of them") == "use one of them"
