"""Declared memory that cannot hold the weights, as far as the name of a model tells their size.

Hubs write the number of parameters into names, and 16 bits each is what vLLM and SGLang load unless weights are
quantised, which names tell too. Where either is not clear, nothing is said: what files really hold is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.form import FormError, label
from remuda.spec.merge import flag, merged_settings
from remuda.spec.quantity import format_bytes, parse_bytes
from remuda.spec.rules.entries import Entry, entries

_ENGINES: Final = ("vllm", "sglang")
_BYTES: Final = 2
"""Of one parameter at 16 bits; measured are 2.00 to 2.02."""

# Not the `3B` that are active of `30B-A3B`, not `8x7B`, not `E4B`.
_PARAMETERS: Final = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)[Bb](?![A-Za-z0-9])")
_QUANTISED: Final = re.compile(
    r"awq|gptq|gguf|fp8|fp4|int[48]|[248]-?bits?|w[48]a|bnb|exl|quant|autoround|mlx|gpt-oss", re.IGNORECASE
)
_SIXTEEN_BITS: Final = ("auto", "half", "float16", "bfloat16")
_ELSEWHERE: Final = ("quantization", "load-format", "cpu-offload-gb")
"""Settings by which weights are smaller, or not all on the device."""


def too_large(document: Document) -> Iterator[Problem]:
    """Weights of 16 bits that are larger than all memory that is declared for them."""
    for entry in entries(document):
        declared, needed = _declared_bytes(document, entry), _weight_bytes(document, entry)
        if declared is not None and needed is not None and declared < needed:
            path = (*entry.path, "memory")
            held, wanted = format_bytes(declared), format_bytes(needed)
            message = f"{label(path)} is {held} in all, but the weights of `{entry.keys['model']}` take {wanted}"
            hint = "declare more, or take weights of 8 or 4 bits"
            yield document.problem(path, f"{message} at 16 bits", hint=hint, severity="warning")


def _weight_bytes(document: Document, entry: Entry) -> int | None:
    name = (entry.text("model") or "").rpartition("/")[2]
    found = _PARAMETERS.findall(name)
    if entry.engine not in _ENGINES or not found or _QUANTISED.search(name):
        return None
    settings = _settings(document, entry)
    if settings.get("dtype", "auto") not in _SIXTEEN_BITS or any(key in settings for key in _ELSEWHERE):
        return None
    return int(max(map(float, found)) * 10**9) * _BYTES


def _settings(document: Document, entry: Entry) -> dict[str, Any]:
    defaults = document.mapping("engines", str(entry.engine), "settings")
    merged = merged_settings(defaults, document.mapping(*entry.path, "settings"))
    return {flag(key): value for key, value in merged.items()}


def _declared_bytes(document: Document, entry: Entry) -> int | None:
    """Of all devices together; None where that is not told, or in a way that another rule reports."""
    memory = entry.keys.get("memory")
    devices = entry.keys.get("devices", document.find(("engines", str(entry.engine), "devices")))
    try:
        if isinstance(memory, Mapping):
            return sum(map(parse_bytes, memory.values()))
        if memory is None or not isinstance(devices, list) or any(":all" in str(name) for name in devices):
            return None
        return parse_bytes(memory) * len(devices)
    except FormError:
        return None
