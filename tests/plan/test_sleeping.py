import pytest

from remuda.plan.sleeping import asleep_claims

GIB = 1024**3

# What vLLM and its users have reported that stays in use: the sources are in the module.
SEEN = [(72, 1.31), (73, 1.38), (70, 4.29), (89, 5.82), (155, 6.7)]


@pytest.mark.parametrize(("claim_gib", "kept_gib"), SEEN)
def test_no_less_is_planned_than_has_been_seen(claim_gib: int, kept_gib: float) -> None:
    planned = asleep_claims(2, {"cuda0": claim_gib * GIB})["cuda0"]
    assert kept_gib * GIB <= planned < claim_gib * GIB / 10 + GIB


def test_the_weights_of_level_1_lie_in_the_hosts_memory() -> None:
    two = {"cuda0": 16 * GIB, "cuda1": 16 * GIB}
    assert asleep_claims(1, two) == {"cuda0": 2 * GIB, "cuda1": 2 * GIB, "cpu": 32 * GIB}
    assert asleep_claims(2, two) == {"cuda0": 2 * GIB, "cuda1": 2 * GIB}


def test_nobody_keeps_more_of_a_device_than_it_claims_unless_that_is_nothing() -> None:
    assert asleep_claims(2, {"cuda0": GIB // 2, "cuda1": 0}) == {"cuda0": GIB // 2, "cuda1": GIB}
