"""Whether the CPU has the instructions that a build for it uses, and the system the C library that a wheel needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from remuda.knowledge.builds import Build
from remuda.plan.verdict.reason import Reason, State
from remuda.plan.verdict.target import Target, numbers


def processor(build: Build, target: Target) -> Iterator[Reason]:
    """Whether a build for the CPU would end with an illegal instruction."""
    if build.platform != "cpu":
        return
    if build.cpu_flags is None:
        lacks = ", and this CPU has no AVX-512" if target.cpu and not target.cpu.has("avx512f") else ""
        message = f"which instructions it uses is not known{lacks}"
        hint = "run `remuda doctor engine PATH`, which looks at its compiled parts"
        yield replace(_reason(build, "unknown", message), note=build.note, hint=hint)
    elif target.cpu is None or not target.cpu.flags:
        if build.cpu_flags:
            yield _reason(build, "unknown", f"needs {', '.join(build.cpu_flags)}; what this CPU has is not known")
    elif missing := [flag for flag in build.cpu_flags if not target.cpu.has(flag)]:
        message = f"uses {', '.join(missing)}, which this CPU lacks: it would end with an illegal instruction"
        yield _reason(build, "no", message)
    else:
        needs = ", ".join(build.cpu_flags) or "nothing special"
        yield _reason(build, "yes", f"needs {needs} of the CPU")


def libc(build: Build, target: Target) -> Iterator[Reason]:
    """Whether the C library is new enough; a container brings its own."""
    if build.artefact != "wheel" or build.glibc is None or target.libc is None:
        return
    if numbers(target.libc) < numbers(build.glibc):
        message = f"it needs glibc {build.glibc}, and this system has {target.libc}"
        yield Reason(
            state="no", about="libc", message=message, hint="run it in a container",
            source=build.source, confidence=build.confidence,
        )  # fmt: skip


def _reason(build: Build, state: State, message: str) -> Reason:
    return Reason(
        state=state,
        about="processor",
        message=message,
        source=build.source,
        confidence=build.confidence,
    )
