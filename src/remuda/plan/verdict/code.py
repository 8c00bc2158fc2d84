"""Whether a build carries code for a device, and whether its toolkit knows the device at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from remuda.knowledge import cuda
from remuda.knowledge.builds import Build
from remuda.knowledge.release import Span
from remuda.plan.verdict.reason import Reason, State
from remuda.plan.verdict.target import Target

TITLES: Final = {"cuda": "CUDA", "rocm": "ROCm", "cpu": "the CPU", "vulkan": "Vulkan"}
_VERBS: Final = {"source": "compiles for", "documented": "promises", "fast": "is for"}
_JUST_IN_TIME: Final = frozenset({"vllm", "sglang"})
"""Engines that compile kernels for exactly this card at start, by Triton, whose assembler is that of the toolkit."""


def code(build: Build, target: Target) -> Reason:
    """Whether a build runs on a device as far as its code goes."""
    if build.platform == "vulkan":
        return _reason(build, "yes", "Vulkan runs on any card whose driver has Vulkan 1.2, as those of all vendors do")
    if build.platform != target.platform:
        message = f"built for {TITLES[build.platform]}, which {target.name} is not"
        return replace(_reason(build, "no", message), note=None)
    if build.targets is None or target.code is None:
        missing = "what it has code for" if target.code else f"what {target.name} can run"
        return _reason(build, "unknown", f"{missing} is not known")
    verb = _VERBS.get(build.artefact, "has code for")
    runs = build.serves(target.code)
    if runs is None:
        return _reason(build, "no", f"{verb} {', '.join(build.targets)}, not for {target.code}")
    served = _served(build, target.code)
    if runs == "ptx":
        return _reason(build, "yes", f"has PTX ({served}), which the driver compiles for {target.code}")
    return _reason(build, "yes", f"{verb} {served}" + ("" if served == target.code else f", so for {target.code} too"))


def _served(build: Build, code: str) -> str:
    """The target that runs on a device: its own, else the nearest, which is the last."""
    targets = build.targets or ()
    alike = [each for each in targets if replace(build, targets=(each,)).serves(code) == build.serves(code)]
    return code if code in targets else alike[-1]


def toolkit(build: Build, target: Target) -> Iterator[Reason]:
    """Whether the CUDA of a build knows the card: to compile for it, before or at the start."""
    row = cuda.capability(target.code) if target.platform == "cuda" and target.code else None
    newest = build.toolkit.last if build.toolkit else None
    compiles = build.artefact == "source" or build.engine in _JUST_IN_TIME
    if row is None or newest is None or row.toolkits.first is None or not compiles:
        return
    if newest < row.toolkits.first[: len(newest)]:
        first = ".".join(map(str, row.toolkits.first))
        version = ".".join(map(str, newest))
        message = f"CUDA {version} cannot compile for {target.code}, which came with CUDA {first}"
        hint = f"take a build with CUDA {first} or newer"
        yield Reason(state="no", about="toolkit", message=message, hint=hint, source=row.source, confidence="general")


def in_words(span: Span) -> str:
    """A range of releases as a person says it."""
    first, _, last = span.text.partition("..")
    if first == last:
        return first
    if not first:
        return f"{last} or older"
    return f"{first} to {last}" if last else f"{first} or newer"


def _reason(build: Build, state: State, message: str) -> Reason:
    return Reason(
        state=state,
        about="code",
        message=message,
        note=build.note,
        source=build.source,
        confidence=build.confidence,
    )
