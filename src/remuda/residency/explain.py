"""What would happen if a model were asked for now, in values and in sentences."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from remuda.residency.objection import objection
from remuda.residency.picture import Picture
from remuda.residency.schedule import schedule
from remuda.residency.states import COMING, State
from remuda.residency.status import Explanation, Obstacle

_WHY = {
    Obstacle.LOAD: "its start is under way",
    Obstacle.TURN: "it is the turn of others first",
    Obstacle.REQUESTS: "requests have to be finished first",
    Obstacle.START: "another start on one of its devices comes first",
    Obstacle.RELEASE: "memory has to come back first",
    Obstacle.RESIDENCY: "those who would have to go are too fresh or too much in use",
    Obstacle.LEASE: "somebody holds on to those who would have to go",
}


def explain(picture: Picture, model: str) -> Explanation:
    """The answer of the same rules that decide, for the picture as it is."""
    instance = picture.instances[model]
    if instance.state is State.READY:
        return Explanation(model, "ready", reasons=(f"`{model}` is ready",))
    if instance.staying and instance.state in COMING:
        return Explanation(model, "joins", obstacle=Obstacle.LOAD, reasons=(f"a start of `{model}` is under way",))
    if not instance.staying and (objected := objection(picture, model)):
        return Explanation(model, "refused", reasons=(objected.message,), retry_after_s=objected.retry_after_s)
    decided = schedule(picture, wanted=(model,))
    if model in decided.grant:
        return Explanation(model, "ready", reasons=(f"`{model}` may stay and is ready",))
    if victims := decided.victims.get(model, ()):
        return _evicts(picture, model, victims, decided.sleep)
    if model in decided.start:
        return Explanation(model, "starts", reasons=(f"there is room for `{model}`",))
    waiting_for = decided.waiting_for.get(model)
    if waiting_for is None:
        return Explanation(model, "waits", obstacle=Obstacle.REQUESTS, blocked_by=(model,))
    reason = f"`{model}` has to wait: {_WHY[waiting_for.obstacle]} ({_named(waiting_for.models)})"
    return Explanation(model, "waits", obstacle=waiting_for.obstacle, blocked_by=waiting_for.models, reasons=(reason,))


def _evicts(picture: Picture, model: str, victims: Sequence[str], sleepers: Collection[str]) -> Explanation:
    reasons = [
        f"{_named(those)} would be {what} to make room for `{model}`"
        for what, those in (
            ("stopped", [victim for victim in victims if victim not in sleepers]),
            ("put to sleep", [victim for victim in victims if victim in sleepers]),
        )
        if those
    ]
    reasons += [_of_victim(picture, victim) for victim in victims]
    reasons += [
        f"`{other}` may not be evicted" for other in picture.unmovable() if picture.ledger.compete(model, other)
    ]
    busy = tuple(victim for victim in victims if picture.instances[victim].in_flight)
    return Explanation(model, "evicts", tuple(victims), busy, reasons=tuple(reasons))


def _of_victim(picture: Picture, victim: str) -> str:
    instance = picture.instances[victim]
    serves = f"finishes {instance.in_flight} requests before" if instance.in_flight else "is idle"
    return f"`{victim}` {serves}; sending it away costs {picture.cost(victim):.1f} s of expected waiting"


def _named(models: Sequence[str]) -> str:
    return ", ".join(f"`{model}`" for model in models) or "nobody"
