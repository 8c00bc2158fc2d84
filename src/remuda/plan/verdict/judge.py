"""Judges one candidate on one device: every reason that a row or a fact gives, and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from remuda.knowledge.builds import Build
from remuda.plan.verdict.abilities import abilities, triton
from remuda.plan.verdict.candidate import Candidate
from remuda.plan.verdict.code import code, toolkit
from remuda.plan.verdict.drivers import drivers, line
from remuda.plan.verdict.needs import Needs
from remuda.plan.verdict.processor import libc, processor
from remuda.plan.verdict.reason import Reason, Verdict, in_order
from remuda.plan.verdict.target import Target

NOTHING = Needs()


def judge(candidate: Candidate, target: Target, needs: Needs = NOTHING) -> Verdict:
    """The verdict on a candidate; of its variants, that on the one which fits best."""
    variants = [in_order(_reasons(row, candidate, target)) for row in _fitting(candidate, target)]
    reasons = max(variants, key=_fitness, default=_nothing_known(candidate))
    if candidate.release:
        asked = abilities(candidate.engine, candidate.release, target, needs)
        reasons = in_order((*reasons, *(_with_plugins(each, candidate) for each in asked)))
    return Verdict(
        device=target.name, engine=candidate.engine, artefact=candidate.artefact, what=candidate.what, reasons=reasons
    )


def _fitting(candidate: Candidate, target: Target) -> tuple[Build, ...]:
    """The variants for the device's platform, else all: then the reason is that there is none."""
    fitting = tuple(row for row in candidate.rows if row.platform in {target.platform, "vulkan"})
    return fitting or candidate.rows


def _reasons(row: Build, candidate: Candidate, target: Target) -> Iterator[Reason]:
    for reason in _of_row(row, candidate, target):
        yield _vague(reason, row, target) if candidate.is_vague else reason


def _of_row(row: Build, candidate: Candidate, target: Target) -> Iterator[Reason]:
    runs = code(row, target)
    yield runs
    if runs.state == "no":
        return
    yield from toolkit(row, target)
    if row.artefact not in {"source", "documented", "fast"}:
        yield from drivers(row, target)
        yield from processor(row, target)
        yield from libc(row, target)
    elif candidate.artefact == "installed" or row.cpu_flags is not None:
        yield from processor(row, target)
    elif row.artefact == "source":
        yield from line(row, target)
    if row.engine == "vllm" and row.artefact in {"image", "wheel"} and candidate.release:
        found = triton(candidate.release, target)
        if found:
            yield found


def _vague(reason: Reason, row: Build, target: Target) -> Reason:
    """What is true of the official build is not surely true of this one."""
    if row.platform != target.platform:
        return Reason(state="unknown", about="code", message="which devices it was built for is not known")
    if reason.state != "no":
        return reason
    note = "that is the official build; this one may be another"
    return replace(reason, state="unknown", note=note, confidence=None)


def _with_plugins(reason: Reason, candidate: Candidate) -> Reason:
    """Plugins add formats and quantisations; official images have none."""
    if candidate.artefact == "installed" and reason.state == "no" and reason.about in {"format", "quantization"}:
        return replace(reason, confidence="general", note="unless a plugin adds it")
    return reason


def _fitness(reasons: tuple[Reason, ...]) -> tuple[int, bool]:
    """By the answer; of two that say no, the one that at least has code for the device tells more."""
    has_code = any(reason.about == "code" and reason.state == "yes" for reason in reasons)
    return ("no", "unknown", "yes").index(reasons[0].state), has_code


def _nothing_known(candidate: Candidate) -> tuple[Reason, ...]:
    return (Reason(state="unknown", about="build", message=f"nothing is known of {candidate.what}"),)
