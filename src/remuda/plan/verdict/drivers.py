"""Whether the drivers beneath a device run what a build was made with.

A CUDA toolkit comes with a driver. An older one runs its binary code down to the floor of the same major version
(minor version compatibility), but compiles no PTX of it. Below the floor, cards for data centres and some of those for
workstations have NVIDIA's forward compatibility package, so that a floor is certain for GeForce cards only.
"""

from __future__ import annotations

from collections.abc import Iterator

from remuda.knowledge import cuda, rocm
from remuda.knowledge.builds import Build
from remuda.knowledge.cuda import Capability, Toolkit
from remuda.knowledge.release import Span, release
from remuda.plan.verdict.code import in_words
from remuda.plan.verdict.reason import Reason
from remuda.plan.verdict.target import Target, numbers


def drivers(build: Build, target: Target) -> Iterator[Reason]:
    """What the driver of a device says to a build that has code for it."""
    if build.platform == "cuda":
        yield from _nvidia(build, target)
    elif build.platform == "rocm":
        yield from _amd(build, target)


def explain(toolkit: Toolkit, driver: str) -> Reason:
    """How a driver stands to binary code of a toolkit: the floor decides, the toolkit's own driver explains it."""
    line = toolkit.version.split(".")[0]
    own = f"CUDA {toolkit.version} comes with driver {toolkit.driver}" if toolkit.driver else f"CUDA {toolkit.version}"
    floor = f"binary code of CUDA {line} runs from driver {toolkit.floor} on"
    if numbers(driver) < numbers(toolkit.floor):
        return Reason(
            state="no",
            about="driver",
            message=f"{own}; {floor}, and {driver} is loaded",
            hint=f"install driver {toolkit.floor} or newer, or take a build for an older CUDA",
            source=toolkit.source,
            confidence=toolkit.confidence,
        )
    reached = toolkit.driver is not None and numbers(driver) >= numbers(toolkit.driver)
    message = f"driver {driver} is no older than that of CUDA {toolkit.version} ({toolkit.driver})"
    if not reached:
        message = f"{own}, but {floor} (minor version compatibility), and {driver} is loaded"
    return Reason(state="yes", about="driver", message=message, source=toolkit.source, confidence=toolkit.confidence)


def runs_line(made: Span | None, driver: str | None) -> bool:
    """Whether a driver is above the floor of a range of CUDA toolkits; true where either is not known."""
    number = (made.first or made.last) if made else None
    if number is None or driver is None:
        return True
    floors = (row.floor for row in cuda.toolkits() if numbers(row.version)[0] == number[0])
    return all(numbers(driver) >= numbers(floor) for floor in floors)


def line(build: Build, target: Target) -> Iterator[Reason]:
    """Whether what is built with any of the toolkits of a build system would run."""
    if build.platform == "cuda" and build.toolkit and not runs_line(build.toolkit, target.driver):
        message = f"driver {target.driver} runs nothing that is built with CUDA {in_words(build.toolkit)}"
        yield Reason(
            state="no", about="driver", message=message, hint="install a newer driver",
            source="NVIDIA, CUDA Compatibility, minor version compatibility", confidence="read",
        )  # fmt: skip


def _nvidia(build: Build, target: Target) -> Iterator[Reason]:
    if target.driver is None:
        yield Reason(state="unknown", about="driver", message="the version of the driver is not known")
        return
    yield from _floor(build, target.driver, "it asks for")
    if card := cuda.capability(target.code) if target.code else None:
        yield from _floor(card, target.driver, f"cards of {card.capability} need")
    version = ".".join(map(str, build.toolkit.first)) if build.toolkit and build.toolkit.first else None
    toolkit = cuda.toolkit(version) if version else None
    if toolkit is None:
        yield from _any(target.driver)
        return
    found = explain(toolkit, target.driver)
    if found.state == "no" and not target.is_consumer:
        note = "cards for data centres can run it with NVIDIA's package `cuda-compat`"
        found = Reason(
            state="unknown", about="driver", message=found.message, note=note, hint=found.hint, source=found.source
        )
    yield found
    # An engine that says itself which driver it needs has counted its PTX.
    if found.state == "yes" and not build.driver and target.code and build.serves(target.code) == "ptx":
        yield from _ptx(toolkit, target.driver)


def _any(driver: str) -> Iterator[Reason]:
    """Of a build whose toolkit is not known, a driver is sure to run it only if it runs every toolkit's code."""
    newest = cuda.toolkits()[-1]
    if numbers(driver) < numbers(newest.floor):
        message = f"which CUDA it is built with is not known, and driver {driver} does not run every one"
        yield Reason(state="unknown", about="driver", message=message, source=newest.source)


def _ptx(toolkit: Toolkit, driver: str) -> Iterator[Reason]:
    """Updates of a toolkit have its PTX, so the driver of the first one counts."""
    first = cuda.toolkit(".".join(toolkit.version.split(".")[:2])) or toolkit
    if first.driver is None or numbers(driver) < numbers(first.driver):
        yield Reason(
            state="unknown" if first.driver is None else "no",
            about="driver",
            message=f"the code for this card is PTX, which driver {driver} compiles only if it is as new as CUDA "
            f"{first.version}'s own ({first.driver or 'not known'})",
            hint=f"install driver {first.driver} or newer" if first.driver else None,
            source=first.source,
            confidence=first.confidence,
        )


def _floor(row: Build | Capability, driver: str, who_needs: str) -> Iterator[Reason]:
    """What a row asks of the driver itself."""
    if row.driver and numbers(driver) < numbers(row.driver):
        yield Reason(
            state="no",
            about="driver",
            message=f"{who_needs} driver {row.driver} or newer, and {driver} is loaded",
            hint=f"install driver {row.driver} or newer",
            source=row.source,
            confidence=row.confidence,
        )


def _amd(build: Build, target: Target) -> Iterator[Reason]:
    row = rocm.gfx(target.code) if target.code else None
    if row is None:
        return
    if build.toolkit and row.rocm and not _meet(build.toolkit, row.rocm):
        message = f"it is made with ROCm {in_words(build.toolkit)}, and AMD supports {row.gfx} in {in_words(row.rocm)}"
        yield Reason(state="unknown", about="toolkit", message=message, note=row.note, source=row.source)
    if row.kernel and target.kernel and numbers(target.kernel) < (release(row.kernel) or ()):
        message = f"{row.gfx} runs well from Linux {row.kernel} on, and {target.kernel} is running"
        yield Reason(
            state="unknown", about="kernel", message=message, hint=f"install Linux {row.kernel} or newer",
            source=row.source,
        )  # fmt: skip


def _meet(one: Span, other: Span) -> bool:
    """Whether two ranges have a release in common, as far as both ends are known; `7.0` is any 7.0."""
    pairs = ((one.last, other.first), (other.last, one.first))
    return all(last is None or first is None or first[: len(last)] <= last for last, first in pairs)
