"""Reads log lines by tables: a pattern, and what a line with it means.

The patterns that many engines share are here: what CUDA, HIP, PyTorch, Python and the C library say is the same
whichever server says it. Engines try their own table first. A line means what its first matching pattern says.

This module decides nothing about an exit status: that is `remuda.engines.failure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from remuda.engines.contract import FailureKind, Progress, Signal, Trouble

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FRACTION = re.compile(r"(\d{1,3})%")


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and its meaning: trouble of a kind, or with `kind` None progress that is told as `text`."""

    pattern: re.Pattern[str]
    kind: FailureKind | None = None
    text: str = ""


def trouble(kind: FailureKind, *patterns: str) -> Rule:
    """A rule for lines of trouble."""
    return Rule(re.compile("|".join(patterns), re.IGNORECASE), kind)


def progress(text: str, pattern: str) -> Rule:
    """A rule for lines of progress."""
    return Rule(re.compile(pattern), None, text)


def read(line: str, rules: Iterable[Rule]) -> Signal | None:
    """What the line means; a percentage in a line of progress is its fraction."""
    plain = _COLOUR.sub("", line).strip()
    for rule in rules:
        if rule.pattern.search(plain):
            return Trouble(rule.kind, plain) if rule.kind else Progress(rule.text, _fraction(plain))
    return None


def _fraction(line: str) -> float | None:
    found = _FRACTION.search(line)
    return min(int(found[1]), 100) / 100 if found else None


# What a server built on argparse and the Hugging Face libraries says: vLLM and SGLang. Sources: CPython's argparse;
# huggingface_hub and transformers error texts.
PYTHON = (
    trouble(
        FailureKind.BAD_FLAG,
        r"error: (unrecognized arguments|argument |ambiguous option|the following arguments are required)",
    ),
    trouble(
        FailureKind.MISSING_WEIGHTS,
        r"is not a local folder and is not a valid model identifier",
        r"(Repository|Revision|Entry)NotFoundError: |Repository Not Found for url",
        r"GatedRepoError: |Cannot access gated repo",
        r"HFValidationError: Repo id must",
        r"Cannot find any model weights|Invalid repository ID or local directory",
        r"Can't load the configuration of|does not recognize this architecture",
        r"SafetensorError: |FileNotFoundError: .*(safetensors|config\.json)",
    ),
)

# Sources: CUDA runtime error strings (cudaGetErrorString) and HIP's (hipGetErrorString); torch c10/cuda's
# OutOfMemoryError and CUDACachingAllocator texts; NVIDIA driver library (NVML) error strings; glibc's strerror and
# dynamic loader; the kernel's and shells' words for signals.
SHARED = (
    trouble(
        FailureKind.OUT_OF_MEMORY,
        r"(cuda|hip|xpu) (error: )?out of memory",
        r"cudaMalloc failed: out of memory",
        r"(cuda|hip)ErrorOutOfMemory|CUDA_ERROR_OUT_OF_MEMORY|(cuda|hip)ErrorMemoryAllocation",
        r"torch\.(cuda\.)?OutOfMemoryError",
        r"DefaultCPUAllocator: can't allocate memory",
        r"^MemoryError\b|std::bad_alloc|cannot allocate memory",
    ),
    trouble(
        FailureKind.DRIVER_LOST,
        r"NVML_ERROR_GPU_IS_LOST|GPU is lost|fallen off the bus",
        r"driver/library version mismatch|NVML_ERROR_LIB_RM_VERSION_MISMATCH",
        r"CUDA driver version is insufficient|NVIDIA driver on your system is too old",
        r"Found no NVIDIA driver|couldn't communicate with the NVIDIA driver",
        r"no CUDA-capable device is detected|No HIP GPUs are available|No CUDA GPUs are available",
        r"CUDA_ERROR_(SYSTEM_NOT_READY|NO_DEVICE|SYSTEM_DRIVER_MISMATCH)",
        r"(cuda|hip)Error(NoDevice|InsufficientDriver|SystemDriverMismatch|DevicesUnavailable)",
        r"Unable to open /dev/kfd|uncorrectable ECC error",
    ),
    trouble(FailureKind.PORT_TAKEN, r"address already in use|EADDRINUSE|only one usage of each socket address"),
    trouble(
        FailureKind.ILLEGAL_INSTRUCTION,
        r"\billegal instruction\b|SIGILL",
        r"no kernel image is available for execution|(cuda|hip)ErrorNoKernelImageForDevice",
        r"hipErrorNoBinaryForGpu|HSA_STATUS_ERROR_INVALID_ISA",
        r"(cuda|hip)ErrorInvalidDeviceFunction|error: invalid device function",
    ),
    trouble(
        FailureKind.NOT_INSTALLED,
        r"(^|\s)(ModuleNotFoundError|ImportError): ",
        r"error while loading shared libraries: ",
    ),
)
