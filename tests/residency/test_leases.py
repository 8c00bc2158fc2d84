from __future__ import annotations

import math

from remuda.residency.leases import Lease, Leases


def test_the_longest_lease_on_a_model_counts() -> None:
    leases = Leases()
    leases.put("one", "a", 10.0)
    leases.put("two", "a", 20.0)
    leases.put("three", "b", None)
    assert leases.until("a", 0.0) == 20.0
    assert leases.until("b", 1e9) == math.inf
    assert leases.until("c", 0.0) is None
    assert leases.next_end() == 10.0
    assert leases.models() == {"a", "b"}


def test_a_lease_counts_no_more_when_its_time_has_come() -> None:
    leases = Leases()
    leases.put("one", "a", 10.0)
    assert leases.until("a", 9.9) == 10.0
    assert leases.until("a", 10.0) is None
    leases.expire(10.0)
    assert (leases.all(), leases.next_end()) == ({}, None)


def test_a_lease_is_moved_by_its_name_and_ended_by_it() -> None:
    leases = Leases()
    leases.put("one", "a", 10.0)
    leases.put("one", "b", None)
    assert leases.all() == {"one": Lease("b", math.inf)}
    leases.end("one")
    leases.end("one")
    assert leases.until("b", 0.0) is None
