import pytest

from remuda.plan.verdict.alternatives import alternatives
from remuda.plan.verdict.needs import Needs
from remuda.plan.verdict.target import Target
from tests.plan.verdict.hosts import aim

V100, RTX_3090 = aim("v100", "cuda0"), aim("rtx-3090", "cuda0")
MI50, W7500 = aim("mi50-w7500", "rocm0"), aim("mi50-w7500", "rocm1")


def told(engine: str, at: Target, needs: Needs | None = None) -> list[str]:
    """What else the same engine can do."""
    found = (each for each in alternatives(engine, at, needs or Needs()) if each.kind != "engine")
    return [f"{each.kind}: {each.message}" for each in found]


def test_a_card_that_was_dropped_has_older_releases() -> None:
    assert told("vllm", V100) == [
        "release: docker.io/vllm/vllm-openai:v0.19.1",
        "community: an SM70 fork, vLLM 0.20.0 or newer",
        "source: a build of one's own from the source of vLLM 0.33.0 for 7.0 with CUDA 12.7 or older",
    ]


def test_an_older_driver_has_the_image_of_an_older_cuda() -> None:
    assert told("vllm", RTX_3090)[0] == "release: docker.io/vllm/vllm-openai:v0.32.0-cu129"
    assert told("vllm", aim("driver-470", "cuda0")) == []


def test_gfx906_has_forks_with_their_ranges_and_limits() -> None:
    nlzy, mobydick = (each for each in alternatives("vllm", MI50) if each.kind == "community")
    assert nlzy.message == "nlzy/vllm-gfx906, vLLM 0.8.3 to 0.12.0, image docker.io/nalanzeyu/vllm-gfx906"
    assert "no bf16" in (nlzy.note or "")
    assert "0.16.0 to 0.23.1" in mobydick.message
    assert "float16" in (mobydick.note or "")
    assert nlzy.source
    assert mobydick.source


def test_a_build_of_ones_own_is_no_way_where_triton_has_no_such_card() -> None:
    assert not any(line.startswith("source") for line in told("vllm", MI50))
    assert told("vllm", W7500)[-1] == "source: a build of one's own from the source of vLLM 0.33.0 for gfx1102"


def test_an_override_is_one_that_is_known_to_work() -> None:
    assert told("vllm", W7500)[0] == (
        "override: HSA_OVERRIDE_GFX_VERSION=11.0.0 with docker.io/vllm/vllm-openai-rocm:v0.33.0, "
        "to run its gfx1100 code"
    )
    strix = next(each for each in alternatives("ollama", aim("strix-halo", "rocm0")) if each.kind == "override")
    assert "11.5.0 is known to fail" in (strix.note or "")


def test_ollama_had_gfx906_once() -> None:
    assert told("ollama", MI50) == ["release: the release of Ollama 0.12.3"]


@pytest.mark.parametrize(("asked", "has"), [("fp8", True), ("compressed-tensors", False)])
def test_a_card_too_old_for_a_quantisation_takes_others(asked: str, *, has: bool) -> None:
    found = told("vllm", V100, Needs(quantization=asked))
    assert any("another quantisation: compressed-tensors" in line for line in found) == has


def test_pascal_has_nothing_in_vllm_but_other_engines() -> None:
    assert told("vllm", aim("p40", "cuda0")) == []
    assert [each.message for each in alternatives("vllm", aim("p40", "cuda0"))] == [
        "llama.cpp b11549, with weights in GGUF",
        "Ollama 0.31.2, with weights in GGUF",
    ]


def test_llama_cpp_is_offered_where_only_vulkan_runs() -> None:
    others = [each.message for each in alternatives("vllm", MI50) if each.kind == "engine"]
    assert others == ["llama.cpp b11549 by Vulkan, with weights in GGUF"]


def test_for_the_cpu_there_is_a_wheel_of_its_own() -> None:
    assert told("vllm", aim("cpu-avx2", "cpu")) == ["release: the wheel of vLLM 0.33.0 for the CPU"]
