from dataclasses import replace

import pytest

from remuda.plan.verdict.abilities import abilities, quantization, triton
from remuda.plan.verdict.needs import Needs
from tests.plan.verdict.hosts import aim

T4, V100, RTX_3090, H100 = (aim(name, "cuda0") for name in ("t4", "v100", "rtx-3090", "h100"))
MI50 = aim("mi50-w7500", "rocm0")


@pytest.mark.parametrize(
    ("needs", "states"),
    [
        (Needs(), {"7.5": [], "8.6": [], "9.0": []}),
        (Needs(dtype="bfloat16"), {"7.5": ["no"], "8.6": ["yes"], "9.0": ["yes"]}),
        (Needs(dtype="float16"), {"7.5": ["yes"], "8.6": ["yes"], "9.0": ["yes"]}),
        (Needs(kv_cache="fp8_e4m3"), {"7.5": ["no"], "8.6": ["no"], "9.0": ["yes"]}),
        (Needs(kv_cache="fp8_e4m3", attention="flashinfer"), {"7.5": ["yes"], "8.6": ["yes"], "9.0": ["yes"]}),
        (Needs(attention="flash-attention-2"), {"7.5": ["no"], "8.6": ["yes"], "9.0": ["yes"]}),
        (Needs(attention="flashmla"), {"7.5": ["no"], "8.6": ["no"], "9.0": ["yes"]}),
        (Needs(kv_cache="nvfp4"), {"7.5": ["no"], "8.6": ["no"], "9.0": ["no"]}),
    ],
)
def test_types_and_attention_need_a_capability(needs: Needs, states: dict[str, list[str]]) -> None:
    found = {
        at.code: [reason.state for reason in abilities("vllm", "0.33.0", at, needs)] for at in (T4, RTX_3090, H100)
    }
    assert found == states


def test_bfloat16_has_a_way_out() -> None:
    (found,) = abilities("vllm", "0.33.0", T4, Needs(dtype="bfloat16"))
    assert found.message == "`bfloat16` needs compute capability 8.0, and cuda0 is 7.5"
    assert found.hint == "use dtype: half"
    assert found.confidence == "read"


@pytest.mark.parametrize(
    ("name", "release", "state", "part"),
    [
        ("awq", "0.19.1", "yes", "capability 7.5"),
        ("gptq_marlin", "0.12.0", "yes", "capability 8.0"),
        ("hqq", "0.19.1", "no", "it is gone since 0.15.0"),
        ("auto_awq", "0.19.1", "no", "it came with 0.24.0"),
        ("awq", "0.99.0", "unknown", "is not known"),
        ("my-own", "0.19.1", "no", "does not take"),
    ],
)
def test_a_release_takes_some_quantisations(name: str, release: str, state: str, part: str) -> None:
    found = next(quantization(name, release, RTX_3090))
    assert found.state == state
    assert part in found.message


def test_a_name_that_no_release_takes_may_be_a_plugins() -> None:
    assert next(quantization("my-own", "0.19.1", RTX_3090)).confidence == "general"
    assert next(quantization("hqq", "0.19.1", RTX_3090)).confidence == "read"


def test_a_quantisation_needs_a_capability() -> None:
    assert [found.state for found in quantization("awq", "0.19.1", V100)] == ["no"]
    assert [found.state for found in quantization("gptq", "0.19.1", V100)] == ["yes"]
    assert [found.state for found in quantization("awq", "0.19.1", MI50)] == ["unknown"]


def test_fp8_is_emulated_on_ampere() -> None:
    native, emulated = (list(quantization("fp8", "0.33.0", at)) for at in (H100, RTX_3090))
    assert [found.state for found in native] == [found.state for found in emulated] == ["yes", "yes"]
    assert "Marlin" in emulated[1].message
    assert "Marlin" not in native[1].message


@pytest.mark.parametrize(
    ("engine", "release", "name", "states"),
    [
        ("vllm", "0.23.0", "gguf", ["yes"]),
        ("vllm", "0.24.0", "gguf", ["no"]),
        ("vllm", "0.33.0", "exl3", ["no"]),
        ("llama-cpp", "b11549", "gguf", ["yes"]),
        ("llama-cpp", "b11549", "awq", ["no"]),
        ("llama-cpp", "b11549", "safetensors", ["no"]),
        ("llama-cpp", "b11549", "nvfp4", ["unknown"]),
        ("sglang", "0.5.0", "papyrus", ["unknown"]),
    ],
)
def test_an_engine_reads_some_formats(engine: str, release: str, name: str, states: list[str]) -> None:
    found = list(abilities(engine, release, RTX_3090, Needs(format=name)))
    assert [reason.state for reason in found] == states


def test_a_name_is_a_hint_and_nothing_certain() -> None:
    (found,) = abilities("llama-cpp", "b11549", RTX_3090, Needs(hint="awq"))
    assert (found.state, found.confidence) == ("no", "general")
    assert "by its name" in found.message
    assert list(abilities("vllm", "0.33.0", RTX_3090, Needs(hint="awq"))) == []
    (found,) = abilities("vllm", "0.19.1", V100, Needs(hint="awq"))
    assert found.confidence == "general"


def test_upstream_triton_has_no_gfx906() -> None:
    found = triton("0.33.0", MI50)
    assert found
    assert (found.state, found.message) == ("no", "Triton has no gfx906")
    assert "8992" in (found.source or "")
    w7500 = triton("0.33.0", aim("mi50-w7500", "rocm1"))
    assert w7500
    assert w7500.state == "yes"
    assert triton("0.33.0", RTX_3090) is None
    assert triton("0.33.0", replace(MI50, code=None)) is None
