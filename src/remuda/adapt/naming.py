"""What a model is called that has no name in its source: by what its clients send already, else by its weights.

vLLM and SGLang answer only to the names that they were started with, or to the model as it was written; llama.cpp to
any.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.engines import sglang, vllm
from remuda.spec.values import NAME_PATTERN, UNIT_PATTERN

_STRICT: Final = frozenset({vllm.NAME, sglang.NAME})
_RUN_AS_UNITS: Final = frozenset({"podman", "docker", "systemd"})


def names(entry: Mapping[str, Any], served: Collection[str], otherwise: str | None) -> tuple[str, ...]:
    """The ID of a model and its aliases: what clients may send for it, the best name first."""
    model = entry.get("model")
    asked = list(served)
    if not asked and entry.get("engine") in _STRICT and isinstance(model, str):
        asked = [model]
    stem = _stem(model) if isinstance(model, str) else ""
    candidates = [*asked, otherwise or "", stem, "model"]
    usable = [name for name in candidates if re.fullmatch(NAME_PATTERN, name)]
    return tuple(dict.fromkeys([usable[0], *(name for name in asked if name in usable)]))


def free(name: str, taken: Collection[str]) -> str:
    """The name, with a number if it is taken."""
    number = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name}-{number}"
        number += 1
    return candidate


def unit(model_id: str, entry: Mapping[str, Any]) -> str | None:
    """The name of a model's unit where its ID cannot be one."""
    if entry.get("runtime") not in _RUN_AS_UNITS or re.fullmatch(UNIT_PATTERN, model_id):
        return None
    return re.sub(r"[^A-Za-z0-9.-]+", "-", model_id).strip("-.") or None


def _stem(model: str) -> str:
    name = PurePosixPath(model).name.removesuffix(".gguf").partition(":")[0]
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
