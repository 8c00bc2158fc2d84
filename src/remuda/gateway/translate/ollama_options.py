"""Ollama's `options`, as members of a request to an engine with OpenAI's API.

Three kinds. Those under another name are renamed; where engines disagree on the name, each reads its own and skips the
other. Those that say how a model is loaded (`num_ctx`, `num_gpu`, …) are left out: the fleet file decides that, and
nearly every client of Ollama sends some of them. All others are sent as they are, whether Ollama knows them or not: the
engine judges. llama.cpp reads each sampling option of Ollama's (`typical_p`, `repeat_last_n`, `mirostat`, …); vLLM and
SGLang skip those that are llama.cpp's own.

Source: `Options` and `Runner` in ollama/ollama api/types.go, and the retired ones from the `ollama` package.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_RENAMED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "num_predict": ("max_tokens",),
        "num_keep": ("n_keep",),
        "repeat_penalty": ("repeat_penalty", "repetition_penalty"),
    }
)
_OF_LOADING = frozenset(
    (
        *("numa", "num_ctx", "num_batch", "num_gpu", "main_gpu", "low_vram", "f16_kv", "logits_all", "vocab_only"),
        *("use_mmap", "use_mlock", "embedding_only", "num_thread", "draft_num_predict"),
    )
)
# Go reads `40.0` as a whole number, engines do not.
_WHOLE = frozenset(("num_predict", "num_keep", "repeat_last_n", "seed", "top_k"))
# A negative number asks for what engines do by themselves: no limit (-1), as much as the context holds (-2), any seed.
_UNSET_BELOW_ZERO = frozenset(("num_predict", "seed"))


def sampling(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The members that say the same; the caller's own must take precedence over them."""
    found: dict[str, Any] = {}
    for name, given in (options or {}).items():
        value = int(given) if name in _WHOLE and isinstance(given, float) else given
        if value is None or name in _OF_LOADING or (name in _UNSET_BELOW_ZERO and _is_negative(value)):
            continue
        found.update(dict.fromkeys(_RENAMED.get(name, (name,)), value))
    return found


def _is_negative(value: object) -> bool:
    return isinstance(value, int) and value < 0
