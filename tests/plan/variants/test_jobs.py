from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.plan.variants.jobs import JOB_GB, jobs
from remuda.spec.variants import Build


@pytest.mark.parametrize(
    ("memory_gb", "cores", "builds", "each"),
    [
        (125, 64, 1, 15),
        (128, 64, 1, 16),
        (125, 8, 1, 8),
        (125, 64, 2, 7),
        (16, 8, 1, 2),
        (4, 8, 1, 1),
        (512, 64, 3, 21),
    ],
)
def test_jobs_follow_from_memory_cores_and_builds(memory_gb: int, cores: int, builds: int, each: int) -> None:
    assert jobs(Build(memory_gb=memory_gb, cores=cores, builds=builds)).each == each


def test_the_figures_are_shown() -> None:
    one = jobs(Build(memory_gb=125, cores=64))
    assert str(one) == "15 jobs = floor(125 GB / 8 GB); 45 to 120 GB at the peak of a build"
    two = jobs(Build(memory_gb=512, cores=64, builds=2))
    assert str(two) == "32 jobs = floor(512 GB / 8 GB / 2 builds); 96 to 256 GB at the peak of a build"
    few = jobs(Build(memory_gb=125, cores=8))
    assert str(few) == "8 jobs = floor(125 GB / 8 GB), but 8 cores; 24 to 64 GB at the peak of a build"


@given(st.integers(1, 4000), st.integers(1, 512), st.integers(1, 16))
def test_all_builds_together_fit_the_machine_unless_it_is_said(memory_gb: int, cores: int, builds: int) -> None:
    found = jobs(Build(memory_gb=memory_gb, cores=cores, builds=builds))
    assert found.each >= 1
    assert found.is_tight or found.each * JOB_GB * builds <= memory_gb
    assert found.each == 1 or found.each * builds <= cores
