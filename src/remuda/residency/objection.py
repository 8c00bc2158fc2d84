"""Why a model that is not up cannot be loaded, now or ever: asked before anything is evicted for it.

The sentence is made where the reason is found. What only has to wait (for its turn, for requests to end, for a lease
that ends soon enough) is no objection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from remuda.engines.contract import Failure
from remuda.residency import refusals
from remuda.residency.commands import RefusalKind
from remuda.residency.ledger import Occupancy
from remuda.residency.picture import Picture


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the model is not loaded, as it is told to clients."""

    kind: RefusalKind
    message: str
    failure: Failure | None = None
    retry_after_s: float | None = None


def objection(picture: Picture, model: str) -> Objection | None:
    """What is against loading the model; None if nothing is."""
    ledger = picture.ledger
    if model not in ledger.policy.residents:
        return Objection(RefusalKind.REMOVED, refusals.removed(model))
    need = ledger.next_need(model)
    for device in sorted(need.claims.keys() & ledger.lent.keys()):
        return Objection(RefusalKind.YIELDED, refusals.lent(model, device, ledger.lent[device]))
    if excess := ledger.excess(model):
        return Objection(RefusalKind.CANNOT_FIT, refusals.cannot_fit(model, need.claims, excess))
    return _failed(picture, model) or _held(picture, model)


def _failed(picture: Picture, model: str) -> Objection | None:
    failures = picture.instances[model].failures
    failure = failures.hold_up(picture.now)
    if failure is None or failures.retry_at is None:
        return None
    if math.isinf(failures.retry_at):
        message = refusals.given_up(model, failure, len(failures))
        return Objection(RefusalKind.GIVEN_UP, message, failure)
    after_s = failures.retry_at - picture.now
    message = refusals.backing_off(model, failure, len(failures), after_s)
    return Objection(RefusalKind.BACKING_OFF, message, failure, after_s)


def _held(picture: Picture, model: str) -> Objection | None:
    """Whether others hold what it needs, and nothing can be done about it soon enough."""
    ledger = picture.ledger
    unmovable = Occupancy(ledger, (other for other in picture.unmovable() if other != model))
    if unmovable.fits(model):
        return None
    alone = Occupancy(ledger)
    for device, lacking in alone.lacks_bytes(model).items():
        message = refusals.crowded_out(model, device, lacking, ledger.foreign[device])
        return Objection(RefusalKind.HELD, message)
    return _leased(picture, model, unmovable)


def _leased(picture: Picture, model: str, unmovable: Occupancy) -> Objection | None:
    ends = {other: picture.leases.until(other, picture.now) or math.inf for other in unmovable.members}
    asked_at = picture.waiting.since(model) if picture.waiting.count(model) else picture.now
    patient_until = asked_at + picture.ledger.policy.max_wait_s
    for end in sorted(set(ends.values())):
        left = [other for other in unmovable.members if ends[other] > end or not _is_swappable(picture, other)]
        if math.isfinite(end) and Occupancy(picture.ledger, left).fits(model):
            if end <= patient_until:
                return None
            return _by_holders(picture, model, unmovable, end - picture.now)
    return _by_holders(picture, model, unmovable, None)


def _is_swappable(picture: Picture, model: str) -> bool:
    resident = picture.instances[model].resident
    return resident.swappable and not resident.always_on


def _by_holders(picture: Picture, model: str, unmovable: Occupancy, after_s: float | None) -> Objection:
    holders = tuple(other for other in unmovable.members if picture.ledger.compete(model, other))
    return Objection(RefusalKind.HELD, refusals.held(model, holders), retry_after_s=after_s)
