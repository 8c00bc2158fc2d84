"""What every engine's newest builds, and what is installed, can do on each device of a host.

For vLLM that is several answers: what the official image and wheel carry, what its build system compiles for, what
its documentation promises, where its fast path is, and whether Triton knows the card. They differ, so each is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from remuda.facts.host import Host
from remuda.knowledge.builds import Artefact, Build, Platform
from remuda.plan.verdict.abilities import triton
from remuda.plan.verdict.alternatives import alternatives
from remuda.plan.verdict.candidate import NAMES, Candidate, installed, newest, rows
from remuda.plan.verdict.judge import judge
from remuda.plan.verdict.reason import Alternative, State, Verdict, best
from remuda.plan.verdict.target import Target, targets

_ASPECTS: Final[tuple[tuple[Artefact, str], ...]] = (
    ("image", "image"),
    ("wheel", "wheel"),
    ("release", "release"),
    ("source", "compiled"),
    ("documented", "documented"),
    ("fast", "fast path"),
)
_RUNNABLE: Final = frozenset({"image", "wheel", "release", "installed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """An engine on a device. `state`: whether something that can be had as it is runs there."""

    target: Target
    engine: str
    release: str | None
    state: State
    verdicts: tuple[Verdict, ...]
    alternatives: tuple[Alternative, ...] = ()

    @property
    def title(self) -> str:
        """The engine as its project writes it."""
        return NAMES[self.engine]


def outlooks(host: Host) -> tuple[Outlook, ...]:
    """Every engine on every device, by device."""
    present = tuple(installed(host))
    return tuple(_outlook(engine, target, present) for target in targets(host) for engine in NAMES)


def _outlook(engine: str, target: Target, present: Iterable[Candidate]) -> Outlook:
    release = newest(engine)
    own = (judge(candidate, target) for candidate in present if candidate.engine == engine)
    verdicts = (*own, *_aspects(engine, release, target))
    # llama.cpp is built from source where there is no release for a card, with nothing but a compiler.
    runnable = _RUNNABLE | {"compiled"} if engine == "llama-cpp" else _RUNNABLE
    state = best([verdict.state for verdict in verdicts if verdict.artefact in runnable])
    if all(verdict.state == "no" for verdict in verdicts) and verdicts:
        state = "no"
    others = alternatives(engine, target) if state != "yes" else ()
    return Outlook(target=target, engine=engine, release=release, state=state, verdicts=verdicts, alternatives=others)


def _aspects(engine: str, release: str | None, target: Target) -> Iterator[Verdict]:
    if release is None:
        return
    for artefact, name in _ASPECTS:
        for platform, found in _by_platform(engine, release, artefact, target):
            what = f"{name}, Vulkan" if platform == "vulkan" else name
            yield judge(Candidate(engine=engine, artefact=name, what=what, release=release, rows=found), target)
    jit = triton(release, target) if engine == "vllm" else None
    if jit:
        yield Verdict(device=target.name, engine=engine, artefact="triton", what="Triton", reasons=(jit,))


def _by_platform(
    engine: str, release: str, artefact: Artefact, target: Target
) -> Iterator[tuple[Platform, tuple[Build, ...]]]:
    platforms: tuple[Platform, ...] = ("cpu",) if target.platform == "cpu" else (target.platform, "vulkan")
    for platform in platforms:
        found = rows(engine, release, artefact, platform=platform, machine=target.machine)
        if found:
            yield platform, found
