from __future__ import annotations

from remuda.engines.contract import Failure
from remuda.residency.commands import Grant, Refuse, Start, Stop, WakeAt
from remuda.residency.commands import RefusalKind as Kind
from remuda.residency.herd import Herd
from remuda.residency.objection import Objection
from remuda.residency.policy import Retry
from remuda.residency.states import State
from tests.residency.playbook import BROKEN, make_policy


def started(*models: str, ttl_s: float | None = None) -> Herd:
    """These are ready and idle since 10.0; `a` and `b` share a device, `c` has its own."""
    claims = {"a": {"x": 1}, "b": {"x": 1}, "c": {"y": 1}}
    ttls = dict.fromkeys(claims, ttl_s) if ttl_s is not None else None
    herd = Herd(make_policy(claims, {"x": 9, "y": 9}, ttl_s=ttls))
    for model in models:
        herd.start(herd.instances[model], 0.0)
        herd.instances[model].move(State.READY, 10.0)
        herd.instances[model].idle_since = 10.0
    herd.commands = []
    return herd


def test_a_start_is_an_attempt_of_its_own_and_holds_memory() -> None:
    herd = Herd(make_policy({"a": 1, "b": 1}, 2))
    for model in "ab":
        herd.start(herd.instances[model], 0.0)
    assert herd.commands == [Start("a", 1), Start("b", 2)]
    assert herd.up.members == ("a", "b")


def test_who_is_served_counts_until_he_is_no_more() -> None:
    herd = started("a")
    a = herd.instances["a"]
    herd.grant(a, 1, priority=1)
    herd.take(a, 2, priority=0)
    assert herd.commands == [Grant(1, "a")]
    assert (a.in_flight, a.idle_since, a.use_priority) == (2, None, 1)
    herd.served(a, 20.0)
    assert (a.in_flight, a.idle_since) == (1, None)
    herd.served(a, 21.0)
    assert (a.in_flight, a.idle_since, a.use_priority) == (0, 21.0, None)


def test_a_request_that_was_served_makes_failures_forgotten() -> None:
    herd = started("a")
    a = herd.instances["a"]
    a.failures.add(Failure(BROKEN.kind, "once"), 0.0, Retry())
    herd.take(a, 1, priority=0)
    assert len(a.failures) == 1
    herd.served(a, 20.0)
    assert len(a.failures) == 0


def test_all_who_wait_for_a_model_are_granted_or_refused_together_the_most_urgent_first() -> None:
    herd = started("a")
    for request, priority in ((1, 0), (2, 5), (3, 0)):
        herd.waiting.add(request, "a", priority)
    herd.waiting.add(4, "b")
    herd.grant_all(herd.instances["a"])
    herd.refuse_all("b", Objection(Kind.HELD, "no", retry_after_s=3.0))
    assert herd.commands == [
        Grant(2, "a"),
        Grant(1, "a"),
        Grant(3, "a"),
        Refuse(4, "b", Kind.HELD, "no", retry_after_s=3.0),
    ]
    assert not herd.waiting


def test_who_is_dismissed_finishes_first_unless_he_is_killed() -> None:
    herd = started("a", "b")
    a, b = herd.instances["a"], herd.instances["b"]
    herd.take(a, 1, priority=0)
    herd.dismiss(a, "over", 20.0)
    assert (a.state, a.leaving, a.drain_since) == (State.DRAINING, "over", 20.0)
    herd.dismiss(b, "over", 20.0)
    herd.dismiss(a, "now", 21.0, kill=True)
    assert herd.commands == [Stop("b", 2, "over"), Stop("a", 1, "now", kill=True)]


def test_a_stop_is_told_once_more_only_to_make_it_a_kill() -> None:
    herd = started("a")
    a = herd.instances["a"]
    herd.stop(a, "over", 20.0)
    herd.dismiss(a, "again", 21.0)
    herd.dismiss(a, "now", 22.0, kill=True)
    herd.dismiss(a, "again", 23.0, kill=True)
    assert herd.commands == [Stop("a", 1, "over"), Stop("a", 1, "now", kill=True)]


def test_the_timer_is_only_ever_set_earlier() -> None:
    herd = started()
    for at in (30.0, 40.0, 20.0):
        herd.wake_by(at)
    assert herd.commands == [WakeAt(30.0), WakeAt(20.0)]


def test_what_would_expire_waits_for_a_start_beside_it_and_for_a_lease() -> None:
    herd = started("a", "c", ttl_s=5.0)
    assert [(instance.model, at) for instance, at in herd.expiring(15.0)] == [("a", 15.0), ("c", 15.0)]
    herd.start(herd.instances["b"], 12.0)
    assert [instance.model for instance, _ in herd.expiring(15.0)] == ["c"]
    herd.leases.put("mine", "c", 16.0)
    assert herd.expiring(15.0) == []
    assert [instance.model for instance, _ in herd.expiring(16.0)] == ["c"]


def test_what_comes_up_and_may_not_be_evicted_puts_those_who_wait_in_doubt() -> None:
    herd = started()
    herd.waiting.add(1, "b")
    herd.start(herd.instances["c"], 0.0)
    assert herd.doubted == set()
    herd.leases.put("mine", "a", None)
    herd.start(herd.instances["a"], 0.0)
    assert herd.doubted == {"b"}
