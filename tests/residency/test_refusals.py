from __future__ import annotations

import pytest

from remuda.residency import refusals
from tests.residency.playbook import BROKEN


@pytest.mark.parametrize(
    ("claims", "excess", "message"),
    [
        (
            {"cuda0": 30 << 30},
            {"cuda0": 7 << 30},
            "cannot load `big`: it needs 30.0 GiB of `cuda0`, 7.0 GiB more than its budget",
        ),
        (
            {"cuda0": (1 << 30) + 1, "cpu": 5000, "cuda1": 1},
            {"cuda0": 1, "cpu": 2048},
            (
                "cannot load `big`: it needs 1.0 GiB of `cuda0`, 1 B more than its budget"
                " and 4.9 KiB of `cpu`, 2.0 KiB more than its budget"
            ),
        ),
    ],
)
def test_cannot_fit_says_what_is_missing_where(claims: dict[str, int], excess: dict[str, int], message: str) -> None:
    assert refusals.cannot_fit("big", claims, excess) == message


def test_load_failed_repeats_the_failure() -> None:
    assert refusals.load_failed("a", BROKEN) == "cannot load `a`: out of memory"


def test_unloaded_names_the_model() -> None:
    assert refusals.unloaded("a") == "`a` was unloaded while it was loading"
