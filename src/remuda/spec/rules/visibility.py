"""Variables that choose GPUs, where Remuda chooses them itself: in `devices`, by names that mean one card only.

An index means another card to everybody who counts, and a variable of the user's comes over Remuda's, so that an engine
would run where the plan does not count it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from remuda.errors import Problem
from remuda.spec.defaults import EXTERNAL
from remuda.spec.document import Document, Path
from remuda.spec.form import label
from remuda.spec.rules.entries import Entry, entries

ORDER: Final = "CUDA_DEVICE_ORDER"
CUDA: Final = "CUDA_VISIBLE_DEVICES"
CHOOSING: Final = (CUDA, "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
NVML_SEES: Final = (
    f"NVML, which vLLM asks for the compute capability, shows all GPUs of a container whatever `{CUDA}` says"
)
"""vLLM's own note: vllm/platforms/cuda.py."""

HINT: Final = "remove it, and name the GPUs in `devices`"


def choosing(document: Document) -> Iterator[Problem]:
    """A variable that chooses among GPUs, or says how they are counted."""
    for path in _environments(document):
        for name, value in document.mapping(*path).items():
            if value is not None and (what := effect(name)):
                at = (*path, name)
                yield document.problem_of_key(at, f"{label(at)} {what}", hint=HINT, severity="warning")


def all_of_a_container(document: Document) -> Iterator[Problem]:
    """A container that is given all GPUs, of which a variable is to hide some."""
    for entry in entries(document):
        devices = _devices(document, entry)
        if entry.runtime in {"podman", "docker"} and "cuda:all" in devices and _has_cuda(document, entry):
            path = (*entry.path, "devices") if "devices" in entry.keys else entry.path
            message = f"model `{entry.model_id}` is given `cuda:all`: {NVML_SEES}"
            hint = "give it one GPU: `devices: [cuda0]`"
            yield document.problem_of_key(path, message, hint=hint, severity="warning")


def _environments(document: Document) -> Iterator[Path]:
    for engine in document.mapping("engines"):
        yield "engines", engine, "environment"
    for entry in entries(document):
        if entry.runtime != EXTERNAL:
            yield *entry.path, "environment"


def effect(name: str) -> str | None:
    """What a variable of this name does to the choice of GPUs; None for one that has no part in it."""
    if name == ORDER:
        return "counts the cards anew: the first by PCI address may be another than CUDA's own first"
    return "comes over the devices that Remuda chooses, and the plan does not know of it" if name in CHOOSING else None


def _devices(document: Document, entry: Entry) -> list[object]:
    found = entry.keys.get("devices", document.find(("engines", str(entry.engine), "devices")))
    return found if isinstance(found, list) else []


def _has_cuda(document: Document, entry: Entry) -> bool:
    defaults = document.mapping("engines", str(entry.engine), "environment")
    return {**defaults, **document.mapping(*entry.path, "environment")}.get(CUDA) is not None
