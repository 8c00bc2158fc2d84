"""What a model asks of a build, as far as its settings and its name tell.

Settings are certain; a name is a hint (`…-AWQ`), so that what follows from it has the confidence `general`. What the
weights themselves hold is not looked at: that would take them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from remuda.spec.merge import Effective, flag

_HINTS: Final = (
    ("gguf", "gguf"),
    ("exl2", "exl2"),
    ("exl3", "exl3"),
    ("mlx", "mlx"),
    ("awq", "awq"),
    ("gptq", "gptq"),
    ("nvfp4", "nvfp4"),
    ("fp8", "fp8"),
    ("bnb", "bitsandbytes"),
)
_FORMATS: Final = frozenset({"gguf", "exl2", "exl3", "mlx"})
_DTYPES: Final = {"half": "float16", "bfloat16": "bfloat16", "float16": "float16"}
_KV: Final = {"fp8": "fp8_e4m3", "fp8_e4m3": "fp8_e4m3", "nvfp4": "nvfp4"}
_ATTENTION: Final = {
    "FLASH_ATTN": "flash-attention-2",
    "FLASHINFER": "flashinfer",
    "FLASHMLA": "flashmla",
    "CUTLASS_MLA": "cutlass-mla",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """What is asked for; None where nothing is. `hint` is a format or quantisation that only the name tells."""

    format: str | None = None
    quantization: str | None = None
    dtype: str | None = None
    kv_cache: str | None = None
    attention: str | None = None
    hint: str | None = None

    @property
    def is_format_hint(self) -> bool:
        """Whether the name hints at a format of files, and not at a quantisation in safetensors."""
        return self.hint in _FORMATS


def needs_of(model: Effective) -> Needs:
    """What a model of the fleet asks for."""
    settings = {flag(key): value for key, value in model.settings.items()}
    weights = model.entry.model or ""
    is_gguf = weights.lower().endswith(".gguf")
    asked = _text(settings, "quantization") or _text(settings, "q")
    return Needs(
        format="gguf" if is_gguf else None,
        quantization=asked,
        dtype=_DTYPES.get(_text(settings, "dtype") or ""),
        kv_cache=_kv_cache(_text(settings, "kv-cache-dtype") or ""),
        attention=_attention(settings, model.environment),
        hint=None if is_gguf or asked else _hint(weights),
    )


def _text(settings: Mapping[str, Any], key: str) -> str | None:
    value = settings.get(key)
    return value if isinstance(value, str) else None


def _kv_cache(dtype: str) -> str | None:
    return "turboquant" if dtype.startswith("turboquant") else _KV.get(dtype)


def _attention(settings: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    asked = _text(settings, "attention-backend") or environment.get("VLLM_ATTENTION_BACKEND", "")
    return _ATTENTION.get(asked.upper())


def _hint(weights: str) -> str | None:
    words = set(re.split(r"[^a-z0-9]+", weights.rpartition("/")[2].lower()))
    return next((meant for word, meant in _HINTS if word in words), None)
