from dataclasses import replace

import pytest

from remuda.knowledge.builds import Build, find
from remuda.plan.verdict.code import code, toolkit
from tests.plan.verdict.hosts import aim

RTX_3090 = aim("rtx-3090", "cuda0")


def image(version: str, suffix: str | None = None) -> Build:
    return next(row for row in find("vllm", "cuda", version=version, artefact="image") if row.suffix == suffix)


@pytest.mark.parametrize(
    ("version", "capability", "state", "message"),
    [
        ("0.33.0", "8.6", "yes", "has code for 8.6"),
        ("0.19.1", "8.6", "yes", "has code for 8.0, so for 8.6 too"),
        ("0.19.1", "6.1", "no", "has code for 7.0, 7.5, 8.0, 8.9, 9.0, 10.0, 12.0, not for 6.1"),
        ("0.20.0", "7.0", "no", "has code for 7.5, 8.0, 8.6, 8.9, 9.0, 10.0, 12.0+PTX, not for 7.0"),
        ("0.8.5", "10.0", "yes", "has PTX (9.0+PTX), which the driver compiles for 10.0"),
    ],
)
def test_code_decides_where_a_build_runs(version: str, capability: str, state: str, message: str) -> None:
    found = code(image(version), replace(RTX_3090, code=capability))
    assert (found.state, found.message) == (state, message)
    assert found.source
    assert found.confidence == "read"


def test_a_build_for_another_platform_does_not_run() -> None:
    found = code(image("0.33.0"), aim("mi50-w7500", "rocm0"))
    assert (found.state, found.message) == ("no", "built for CUDA, which rocm0 is not")


def test_what_was_not_told_is_unknown() -> None:
    assert code(replace(image("0.33.0"), targets=None), RTX_3090).state == "unknown"
    assert code(image("0.33.0"), replace(RTX_3090, code=None)).message == "what cuda0 can run is not known"


def test_vulkan_runs_on_any_card() -> None:
    row = next(find("llama-cpp", "vulkan"))
    assert code(row, RTX_3090).state == code(row, aim("mi50-w7500", "rocm0")).state == "yes"


def test_cuda_12_8_cannot_compile_for_a_b300() -> None:
    b300 = replace(RTX_3090, code="10.3", title="NVIDIA B300 SXM6 AC")
    (found,) = toolkit(image("0.9.2"), b300)
    assert (found.state, found.message) == ("no", "CUDA 12.8.1 cannot compile for 10.3, which came with CUDA 12.9")
    assert list(toolkit(image("0.12.0"), b300)) == []


def test_a_toolkit_says_nothing_of_cards_that_it_knows() -> None:
    assert list(toolkit(image("0.9.2"), RTX_3090)) == []
    assert list(toolkit(image("0.9.2"), aim("mi50-w7500", "rocm0"))) == []
