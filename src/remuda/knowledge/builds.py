"""What each build of an engine was made for: which devices, with which CUDA or ROCm, Python, glibc and CPU.

"Can this engine run there" is four questions with four answers, so a row says which one it answers, in `artefact`:
`source` (what its build system compiles for), `image`, `wheel` and `release` (what an official artefact carries),
`documented` (what its documentation promises), `fast` (where its fast path is); `community` is somebody else's build.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from remuda.knowledge import cuda
from remuda.knowledge.cuda import Code
from remuda.knowledge.release import Span, release
from remuda.knowledge.rows import Confidence, rows

Artefact = Literal["source", "image", "wheel", "release", "documented", "fast", "community"]
Platform = Literal["cuda", "rocm", "cpu", "vulkan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One artefact over a range of releases.

    `targets` are what it carries code for: as `remuda.knowledge.cuda` writes them, gfx targets, or machines for the
    CPU. `7.5+` is that capability and everything newer; None is not known. `toolkit` are the CUDA or ROCm releases that
    the row holds for. `cpu_flags` are needed, as /proc/cpuinfo names them; None is not known. `suffix` is what such an
    image's tag has after the release. `driver` is a floor of the engine's own.
    """

    engine: str
    artefact: Artefact
    platform: Platform
    versions: Span
    targets: tuple[str, ...] | None = None
    toolkit: Span | None = None
    machine: str | None = None
    torch: str | None = None
    python: Span | None = None
    glibc: str | None = None
    cpu_flags: tuple[str, ...] | None = None
    driver: str | None = None
    image: str | None = None
    suffix: str | None = None
    project: str | None = None
    note: str | None = None
    source: str
    confidence: Confidence

    def serves(self, device: str) -> Code | None:
        """How it runs on a capability, a gfx target or a machine; None if not, or if its targets are not known."""
        codes = {self._code(target, device) for target in self.targets or ()}
        return "binary" if "binary" in codes else "ptx" if "ptx" in codes else None

    def _code(self, target: str, device: str) -> Code | None:
        if self.platform != "cuda":
            return "binary" if target == device else None
        if target.endswith("+"):
            return "binary" if (release(device) or ()) >= (release(target[:-1]) or ()) else None
        return cuda.runs(target, device)


@cache
def builds() -> tuple[Build, ...]:
    """All builds."""
    return rows("builds", Build)


def find(
    engine: str, platform: Platform | None = None, *, version: str | None = None, artefact: Artefact | None = None
) -> Iterator[Build]:
    """The builds of an engine, of those that are asked for; a version that is no release is in none of them."""
    number = release(version) if version is not None else None
    for build in builds():
        if build.engine != engine or platform not in {None, build.platform} or artefact not in {None, build.artefact}:
            continue
        if version is None or (number is not None and number in build.versions):
            yield build
