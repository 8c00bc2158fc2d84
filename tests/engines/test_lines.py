from __future__ import annotations

import pytest

from remuda.engines.contract import FailureKind, Progress, Trouble
from remuda.engines.lines import SHARED, progress, read, trouble

RULES = (
    progress("going on", "error: but only a warning"),
    trouble(FailureKind.BAD_FLAG, "error"),
    progress("loading", "Loading"),
)


def test_the_first_rule_that_matches_decides() -> None:
    assert read("error: but only a warning", RULES) == Progress("going on")
    assert read("some ERROR: bad", RULES) == Trouble(FailureKind.BAD_FLAG, "some ERROR: bad")
    assert read("nothing of interest", RULES) is None


def test_colours_are_not_text() -> None:
    assert read("\x1b[31merror:\x1b[0m bad \n", RULES) == Trouble(FailureKind.BAD_FLAG, "error: bad")


@pytest.mark.parametrize(
    ("line", "fraction"), [("Loading", None), ("Loading 0%", 0.0), ("Loading: 40% | 2/5", 0.4), ("Loading 250%", 1.0)]
)
def test_a_percentage_is_a_fraction(line: str, fraction: float | None) -> None:
    assert read(line, RULES) == Progress("loading", fraction)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", FailureKind.OUT_OF_MEMORY),
        ("torch.cuda.OutOfMemoryError: HIP out of memory.", FailureKind.OUT_OF_MEMORY),
        ("RuntimeError: CUDA error: out of memory", FailureKind.OUT_OF_MEMORY),
        ("terminate called after throwing an instance of 'std::bad_alloc'", FailureKind.OUT_OF_MEMORY),
        ("OSError: [Errno 12] Cannot allocate memory", FailureKind.OUT_OF_MEMORY),
        ("Failed to initialize NVML: Driver/library version mismatch", FailureKind.DRIVER_LOST),
        ("RuntimeError: Found no NVIDIA driver on your system.", FailureKind.DRIVER_LOST),
        ("RuntimeError: No HIP GPUs are available", FailureKind.DRIVER_LOST),
        ("OSError: [Errno 98] Address already in use", FailureKind.PORT_TAKEN),
        ("fatal: Illegal instruction (core dumped)", FailureKind.ILLEGAL_INSTRUCTION),
        (
            "hipErrorNoBinaryForGpu: Unable to find code object for all current devices!",
            FailureKind.ILLEGAL_INSTRUCTION,
        ),
        ("ModuleNotFoundError: No module named 'vllm'", FailureKind.NOT_INSTALLED),
        ("server: error while loading shared libraries: libgomp.so.1: cannot open", FailureKind.NOT_INSTALLED),
    ],
)
def test_what_is_the_same_in_every_engine(line: str, kind: FailureKind) -> None:
    assert read(line, SHARED) == Trouble(kind, line)


@pytest.mark.parametrize(
    "line",
    [
        "WARNING Failed to import from vllm._C with ImportError('libcudart.so.12')",
        "INFO GET /health 200",
        "the weather in the harbour addresses already in use of sailors",
    ],
)
def test_what_only_looks_like_trouble(line: str) -> None:
    assert read(line, SHARED) is None
