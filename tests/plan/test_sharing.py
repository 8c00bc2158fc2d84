"""What a fleet file says about sharing, as residency is told it."""

import math

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.plan.sharing import Sharing, Standing, sharing, standing
from remuda.spec.fleet import Fleet

GIB = 1024**3
HOST = Host((Device("cpu", "CPU", 32 * GIB, 20 * GIB), Device("cuda0", "a card", 24 * GIB, 23 * GIB, "GPU-aaaa")))
RUN = 'cmd: "run ${PORT}", ready: /health'
MODELS = f"models: {{a: {{{RUN}}}, b: {{{RUN}, priority: 2, swappable: false}}, c: {{{RUN}, always_on: true}}}}\n"


def fleet(residency: str) -> Fleet:
    read, _, _ = load_fleet(f"{MODELS}residency: {residency}\nlint: {{model_ids: 'off'}}\n", "remuda.yaml")
    return read


def shared(residency: str) -> Sharing:
    return sharing(fleet(residency), HOST, "abc")


def test_a_model_stands_as_its_entry_says() -> None:
    models = fleet("{}").models
    assert standing(models["a"]) == Standing()
    assert standing(models["b"]) == Standing(priority=2, swappable=False)
    assert standing(models["c"]) == Standing(always_on=True)


def test_without_rules_memory_alone_decides() -> None:
    plain = shared("{}")
    assert plain.families is None
    assert plain.named == frozenset()
    assert plain.capacity == {"cpu": 32 * GIB, "cuda0": 24 * GIB}


def test_sets_make_families_and_name_their_models() -> None:
    made = shared("{sets: {pair: (a | b) & c}, evict_costs: {a: 3}}")
    assert made.families is not None
    assert set(made.families) == {frozenset("ac"), frozenset("bc")}
    assert made.evict_costs == {"a": 3}
    assert made.named == frozenset("abc")


def test_groups_say_who_goes() -> None:
    made = shared("{groups: {one: {members: [a, b]}}}")
    assert made.expels["a"] == frozenset("bc")
    assert made.named == frozenset("abc")


def test_never_is_for_ever() -> None:
    made = shared("{max_wait: never, min_residency: 5s, reserve: {cuda0: 1GiB}}")
    assert (made.max_wait_s, made.min_residency_s, made.reserve) == (math.inf, 5.0, {"cuda0": GIB})
