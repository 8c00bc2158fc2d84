"""The verdicts on a model of the fleet: its build, as far as that is known, on each device that it is placed on.

A plan refuses a model only where its build is known for certain (an official image by its tag, an installed wheel) and
the reason was read at its source; anything less is the doctor's to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.knowledge import rocm
from remuda.plan.verdict.alternatives import alternatives
from remuda.plan.verdict.candidate import NAMES, Candidate, named
from remuda.plan.verdict.judge import judge
from remuda.plan.verdict.needs import needs_of
from remuda.plan.verdict.reason import Alternative, Verdict
from remuda.plan.verdict.target import Target, target
from remuda.spec.merge import Effective

_OVERRIDE: Final = "HSA_OVERRIDE_GFX_VERSION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A model on one of its devices, with what else could be done unless the answer is yes."""

    target: Target
    verdict: Verdict
    alternatives: tuple[Alternative, ...] = ()


def judged(model: Effective, host: Host, devices: Sequence[str]) -> tuple[Judged, ...]:
    """The verdicts on a model; none for an engine that nothing is known of, or that somebody else runs.

    Beside GPUs, the CPU is no device that the engine's code has to be for.
    """
    if model.engine not in NAMES or model.runtime == "external":
        return ()
    candidate = named(model, host) or Candidate(
        engine=model.engine, artefact="unknown", what=f"the build of {NAMES[model.engine]} that it would run in"
    )
    gpus = [name for name in devices if name != "cpu"]
    found = (host.device(name) for name in gpus or devices)
    aims = (target(host, device) for device in found if device is not None)
    return tuple(_judged(model, candidate, aim) for aim in aims if aim is not None)


def refusals(model: Effective, host: Host, devices: Sequence[str]) -> tuple[Problem, ...]:
    """What is certain to fail, for a plan to refuse before anything is fetched or started.

    Of several devices an engine may use only those that it runs on, so that all of them have to fail; else it is worth
    a warning.
    """
    if not named(model, host):
        return ()
    found = judged(model, host, devices)
    severity: Literal["error", "warning"] = "error" if all(each.verdict.is_certain for each in found) else "warning"
    return tuple(_refusal(model.model_id, each, severity) for each in found if each.verdict.is_certain)


def _refusal(model_id: str, found: Judged, severity: Literal["error", "warning"]) -> Problem:
    reason = next(each for each in found.verdict.reasons if each.state == "no" and each.confidence == "read")
    others = [other.message for other in found.alternatives]
    return Problem(
        f"`{model_id}` cannot run on {found.target.label}: {found.verdict.what}: {reason.message} ({reason.source})",
        path=("models", model_id, "devices"),
        hint=reason.hint or (f"use {others[0]}" if others else f"run `remuda doctor {model_id}`"),
        severity=severity,
    )


def _overridden(model: Effective, aim: Target) -> Target:
    """An AMD card that is made to run the code of another target; which one, a file of variables may say."""
    if aim.platform != "rocm":
        return aim
    if model.environment_files or any(name.startswith(f"{_OVERRIDE}_") for name in model.environment):
        return replace(aim, code=None)
    override = model.environment.get(_OVERRIDE)
    return replace(aim, code=rocm.target_of(override)) if override else aim


def _judged(model: Effective, candidate: Candidate, aim: Target) -> Judged:
    needs = needs_of(model)
    aim = _overridden(model, aim)
    verdict = judge(candidate, aim, needs)
    others = alternatives(model.engine, aim, needs) if verdict.state != "yes" else ()
    return Judged(target=aim, verdict=verdict, alternatives=others)
