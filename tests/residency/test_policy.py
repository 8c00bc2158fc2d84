from __future__ import annotations

from dataclasses import replace

from remuda.plan.plan import Instance, Plan
from remuda.plan.sharing import Sharing, Standing
from remuda.residency.policy import Policy, Resident, policy_of

GIB = 1024**3


def test_a_plan_is_seen_as_what_residency_decides_by() -> None:
    standing = Standing(priority=3, swappable=False, preload=True, always_on=True)
    instance = Instance("a", "A", "vllm", "process", claims={"cuda0": 4 * GIB}, ttl_s=60, standing=standing)
    sharing = Sharing(
        families=(frozenset("a"),),
        evict_costs={"a": 2},
        expels={"a": frozenset("b")},
        capacity={"cuda0": 9 * GIB},
        reserve={"cuda0": GIB},
        min_residency_s=5.0,
        max_wait_s=50.0,
    )
    resident = Resident(
        model="a",
        claims={"cuda0": 4 * GIB},
        ttl_s=60,
        priority=3,
        swappable=False,
        preload=True,
        always_on=True,
        load_s=2.0,
        fingerprint=instance.fingerprint,
        expels=frozenset("b"),
    )
    assert policy_of(Plan({"a": instance}, {"cuda0": 8 * GIB}, sharing)) == Policy(
        {"a": resident},
        {"cuda0": 8 * GIB},
        (frozenset("a"),),
        evict_costs={"a": 2},
        capacity={"cuda0": 9 * GIB},
        reserve={"cuda0": GIB},
        min_residency_s=5.0,
        max_wait_s=50.0,
    )


def test_a_load_that_has_been_seen_takes_as_long_as_it_took() -> None:
    plan = Plan({"a": Instance("a", "A", "vllm", "process")}, {})
    assert policy_of(plan, {"a": 7.0}).residents["a"].load_s == 7.0


def test_waking_is_assumed_to_copy_what_was_kept_or_to_read_it_again() -> None:
    plain = Instance("a", "A", "vllm", "process", claims={"cuda0": 20 * GIB})
    for level, wake_s in ((None, 0.0), (1, 2.0), (2, 10.0)):
        sleeper = replace(plain, sleep=level)
        assert policy_of(Plan({"a": sleeper}, {})).residents["a"].wake_s == wake_s
