from remuda.plan.plan import Instance, Plan
from remuda.residency.policy import Policy, Resident, policy_of


def test_a_plan_is_seen_as_claims_and_idle_times() -> None:
    instance = Instance("a", "A", "vllm", "process", claims={"cuda0": 5}, ttl_s=60)
    plan = Plan({"a": instance}, {"cuda0": 8}, (frozenset("a"),))
    assert policy_of(plan) == Policy({"a": Resident("a", {"cuda0": 5}, 60)}, {"cuda0": 8}, (frozenset("a"),))
