from __future__ import annotations

import pytest

from remuda.knowledge import formats


@pytest.mark.parametrize(
    ("engine", "name", "version", "expected"),
    [
        ("vllm", "gguf", "0.23.0", "yes"),
        ("vllm", "gguf", "0.24.0", "plugin"),
        ("llama-cpp", "awq", "b9000", "no"),
        ("llama-cpp", "nvfp4", "b9000", "unknown"),
        ("vllm", "nonsense", "0.24.0", None),
    ],
)
def test_the_support_of_a_format(engine: str, name: str, version: str, expected: str | None) -> None:
    found = formats.find(engine, name, version)
    assert (found.support if found else None) == expected


@pytest.mark.parametrize(
    ("name", "version", "state", "since"),
    [
        ("gguf", "0.24.0", "gone", "0.24.0"),
        ("hqq", "0.16.0", "gone", "0.15.0"),
        ("mxfp4", "0.10.0", "later", "0.10.1"),
        ("fp8", "0.33.0", "known", None),
    ],
)
def test_the_quantisations_of_a_release(name: str, version: str, state: str, since: str | None) -> None:
    standing = formats.quantization(name, version)
    assert (standing.state, standing.since) == (state, since)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("awq_marlin", "0.13.0", "8.0"),
        ("awq_marlin", "0.14.0", "7.5"),
        ("fp_quant", "0.20.0", "10.0"),
        ("nonsense", "0.20.0", None),
    ],
)
def test_the_capability_that_a_quantisation_asks_for(name: str, version: str, expected: str | None) -> None:
    assert formats.capability_of(name, version) == expected
