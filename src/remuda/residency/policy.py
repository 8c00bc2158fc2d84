"""What residency is told about the models and devices it decides over; made from a `Plan`, fixed for its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from remuda.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Resident:
    """One model as residency sees it.

    `claims`: bytes that its instance needs of each device; empty for what costs us nothing (an external server).
    `ttl_s`: idle seconds after which it is stopped; None keeps it.
    """

    model: str
    claims: Mapping[str, int] = field(default_factory=dict)
    ttl_s: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything residency needs to know beforehand.

    `budget`: bytes that may be claimed of each device; every device of a claim is in it.
    `families`: the sets of models that may be up together, any subset of one included; None when memory alone
    decides. With families, a model that is in none of them runs alone. Models without claims and in no family are
    outside of this.
    """

    residents: Mapping[str, Resident]
    budget: Mapping[str, int]
    families: tuple[frozenset[str], ...] | None = None


def policy_of(plan: Plan) -> Policy:
    """The policy of a plan."""
    residents = {
        model_id: Resident(model_id, instance.claims, instance.ttl_s) for model_id, instance in plan.instances.items()
    }
    return Policy(residents, plan.budget, plan.families)
