"""What is rendered for llama-swap and read again is the same fleet, as far as llama-swap has words for it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypothesis import assume, given, settings

from remuda.plan.check import load_fleet
from remuda.render import TARGETS
from remuda.render.contract import Request
from remuda.spec.fleet import Fleet
from remuda.spec.sets import families
from remuda.spec.yaml_text import to_yaml
from tests.adapt.llama_swap import golden
from tests.adapt.llama_swap.fleets import fleets


def fleet_of(data: dict[str, Any]) -> Fleet:
    return load_fleet(to_yaml(data), "remuda.yaml")[0]


def told(fleet: Fleet) -> dict[str, Any]:
    """What a fleet says; sets by what they allow, since their names and spelling are llama-swap's."""
    data = fleet.model_dump()
    sets = data["residency"].pop("sets")
    data["residency"]["families"] = sorted(map(sorted, families(sets))) if sets else []
    return data


@settings(max_examples=60)
@given(fleets())
def test_a_fleet_comes_back_from_llama_swap(data: dict[str, Any]) -> None:
    fleet = fleet_of(data)
    rendering = TARGETS["llama-swap"].render(Request(fleet))
    assume(not rendering.is_refused)
    found = golden.adapted(rendering.files[PurePosixPath("config.yaml")])
    assert [remark for remark in found.remarks if "healthCheckTimeout" not in remark.problem.message] == []
    assert told(fleet_of(dict(found.data))) == told(fleet)
