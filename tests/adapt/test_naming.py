from __future__ import annotations

import pytest

from remuda.adapt.naming import free, names, unit


@pytest.mark.parametrize(
    ("entry", "served", "otherwise", "expected"),
    [
        ({"engine": "vllm", "model": "org/M"}, ("a", "b"), "c", ("a", "b")),
        ({"engine": "vllm", "model": "org/M"}, (), "c", ("org/M",)),
        ({"engine": "vllm", "model": "/models/My M"}, (), None, ("my-m",)),
        ({"engine": "llama-cpp", "model": "/m/Qwen_3.gguf"}, (), None, ("qwen-3",)),
        ({"engine": "llama-cpp", "model": "org/m:Q4"}, (), "box", ("box",)),
        ({"engine": "command"}, (), None, ("model",)),
        ({"engine": "vllm", "model": "m"}, ("not so good",), None, ("m",)),
    ],
)
def test_names(
    entry: dict[str, str], served: tuple[str, ...], otherwise: str | None, expected: tuple[str, ...]
) -> None:
    assert names(entry, served, otherwise) == expected


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free("a", {"b"}) == "a"
    assert free("a", {"a", "a-2"}) == "a-3"


def test_a_unit_is_named_where_the_id_cannot_be() -> None:
    assert unit("org/M_1", {"runtime": "podman"}) == "org-M-1"
    assert unit("m", {"runtime": "podman"}) is None
    assert unit("org/m", {"runtime": "process"}) is None
