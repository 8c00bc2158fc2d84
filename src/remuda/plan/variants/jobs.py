"""How many compilers may run at once on a machine.

The kernels of CUTLASS and FlashAttention are templates, of which one nvcc needs 3 to 8 GB; with as many jobs as there
are cores, a machine with 64 cores and 125 GB swaps until nothing moves (barstoolbluz/build-vllm,
CUDA-BUILD-PARALLELISM.md at ac4c764, measured with the 406 CUDA files of vLLM 0.13). So each job gets 8 GB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from remuda.spec.variants import Build

JOB_GB: Final = 8
"""What one nvcc may need."""
LEAST_GB: Final = 3
"""What one nvcc needs at least, while it compiles such a file."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The answer for one machine: each of `builds` packages at a time is compiled by `each` jobs."""

    build: Build
    each: int

    @property
    def is_tight(self) -> bool:
        """Whether even one job for each build may need more memory than there is."""
        return self.build.memory_gb < JOB_GB * self.build.builds

    @property
    def range_gb(self) -> tuple[int, int]:
        """What one build takes at its worst moment: from, to."""
        return self.each * LEAST_GB, self.each * JOB_GB

    def __str__(self) -> str:
        one = self.build
        shared = f" / {one.builds} builds" if one.builds > 1 else ""
        terms = f"floor({one.memory_gb} GB / {JOB_GB} GB{shared})"
        if one.cores // one.builds < one.memory_gb // (JOB_GB * one.builds):
            terms += f", but {one.cores} cores{shared}"
        low, high = self.range_gb
        return f"{self.each} jobs = {terms}; {low} to {high} GB at the peak of a build"


def jobs(build: Build) -> Jobs:
    """As many as memory allows, at most one for each core, at least one."""
    by_memory = build.memory_gb // (JOB_GB * build.builds)
    return Jobs(build, max(1, min(by_memory, build.cores // build.builds)))
