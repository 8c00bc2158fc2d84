from typing import Any

import pytest

from remuda.plan.check import load_fleet
from remuda.plan.verdict.needs import Needs, needs_of
from remuda.spec.merge import effective


def asked(model: str, settings: dict[str, Any], environment: str = "{}") -> Needs:
    text = f"""
lint: {{model_ids: 'off'}}
models: {{a: {{engine: vllm, model: {model}, settings: {settings}, environment: {environment}}}}}
"""
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return needs_of(effective(fleet, "a"))


@pytest.mark.parametrize(
    ("model", "settings", "needs"),
    [
        ("o/plain", {}, Needs()),
        ("o/plain", {"quantization": "awq_marlin", "dtype": "half"}, Needs(quantization="awq_marlin", dtype="float16")),
        ("o/plain", {"kv_cache_dtype": "fp8"}, Needs(kv_cache="fp8_e4m3")),
        ("o/plain", {"kv-cache-dtype": "fp8_e5m2"}, Needs()),
        ("o/plain", {"kv-cache-dtype": "turboquant_k8v4"}, Needs(kv_cache="turboquant")),
        ("o/plain", {"attention-backend": "flash_attn"}, Needs(attention="flash-attention-2")),
        ("/models/a-Q4_K_M.gguf", {}, Needs(format="gguf")),
        ("o/Qwen3-8B-GGUF", {}, Needs(hint="gguf")),
        ("o/Qwen3-8B-AWQ", {}, Needs(hint="awq")),
        ("o/Qwen3-8B-AWQ", {"quantization": "awq"}, Needs(quantization="awq")),
        ("o/Qwen3-8B-GPTQ-Int4", {}, Needs(hint="gptq")),
        ("awq-lovers/plain", {}, Needs()),
    ],
)
def test_settings_tell_and_names_hint(model: str, settings: dict[str, Any], needs: Needs) -> None:
    assert asked(model, settings) == needs


def test_older_releases_take_the_attention_from_a_variable() -> None:
    assert asked("o/a", {}, "{VLLM_ATTENTION_BACKEND: FLASHINFER}").attention == "flashinfer"


def test_a_hint_is_at_files_or_at_a_quantisation() -> None:
    assert Needs(hint="gguf").is_format_hint
    assert not Needs(hint="awq").is_format_hint
