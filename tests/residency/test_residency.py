"""Whose turn it is, what has room and who goes, one conversation a rule; a bare number claims bytes of `gpu`."""

from __future__ import annotations

import pytest

from remuda.residency.commands import Grant, Start, Stop
from remuda.residency.events import (
    InstanceAdopted,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    RequestAbandoned,
    RequestArrived,
    RequestEnded,
    UnloadAsked,
)
from tests.residency.playbook import BROKEN, Playbook, load_failed, make_policy

TWO_OF_WHICH_ONE_FITS = make_policy({"a": 1, "b": 1}, 1)
THREE_OF_WHICH_TWO_FIT = make_policy({"a": 1, "b": 1, "c": 1}, 2)


# Arrival


def test_a_first_request_starts_the_model_and_is_granted_when_it_is_ready() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS)
    play.on(RequestArrived(1, "a"), Start("a", 1))
    play.on(InstanceReady("a", 1), Grant(1, "a"))


def test_a_ready_model_is_granted_in_the_same_call() -> None:
    Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(
        RequestArrived(2, "a"), Grant(2, "a")
    )


def test_requests_join_a_load_and_are_granted_together_in_order() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS)
    play.on(RequestArrived(2, "a"), Start("a", 1)).on(RequestArrived(1, "a")).on(RequestArrived(3, "a"))
    play.on(InstanceReady("a", 1), Grant(2, "a"), Grant(1, "a"), Grant(3, "a"))


def test_an_unknown_model_is_the_callers_bug() -> None:
    with pytest.raises(KeyError, match="nobody"):
        Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "nobody"))


def test_a_model_without_claims_needs_no_room() -> None:
    play = Playbook(make_policy({"a": 1, "elsewhere": {}}, 1))
    play.on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "elsewhere"), Start("elsewhere", 2))


# Room


def test_models_that_fit_together_stay_together() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b")
    assert play.states() == "a ready, b ready"


def test_starting_and_stopping_instances_hold_their_memory() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(RequestArrived(2, "b"))
    play.on(InstanceReady("a", 1), Grant(1, "a"))
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `b`"))
    play.on(RequestArrived(3, "b"))
    play.on(InstanceStopped("a", 1), Start("b", 2))


def test_one_start_per_device_at_a_time() -> None:
    claims = {"a": {"x": 1}, "b": {"x": 1, "y": 1}, "c": {"y": 1}, "d": {"z": 1}}
    play = Playbook(make_policy(claims, {"x": 9, "y": 9, "z": 9}))
    play.on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "b"))
    play.on(RequestArrived(3, "c"), Start("c", 2)).on(RequestArrived(4, "d"), Start("d", 3))
    play.on(InstanceReady("a", 1), Grant(1, "a"))
    play.on(InstanceFailed("c", 2, BROKEN), load_failed(3, "c"), Start("b", 4))


def test_nothing_starts_where_something_is_being_stopped() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a").on(UnloadAsked("a"), Stop("a", 1, "unload was asked for"))
    play.on(RequestArrived(1, "b")).on(InstanceStopped("a", 1), Start("b", 2))


def test_nothing_is_evicted_where_something_starts() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a").on(RequestArrived(1, "b"), Start("b", 2))
    play.on(RequestArrived(2, "c"))
    play.on(InstanceReady("b", 2), Grant(1, "b"), Stop("a", 1, "evicted for `c`"))
    play.swap("a", "c", granted=(2,))


def test_nothing_is_evicted_that_shares_another_device_with_a_start() -> None:
    claims = {"a": {"x": 1, "y": 1}, "b": {"y": 1}, "c": {"x": 1}}
    play = Playbook(make_policy(claims, {"x": 1, "y": 2})).up("a").on(RequestArrived(1, "b"), Start("b", 2))
    play.on(RequestArrived(2, "c"))
    play.on(InstanceReady("b", 2), Grant(1, "b"), Stop("a", 1, "evicted for `c`"))


def test_nothing_starts_beside_an_eviction_that_was_decided_in_the_same_turn() -> None:
    play = Playbook(make_policy({"a": 2, "b": 1, "c": 2, "d": 1}, 4)).up("a").on(RequestArrived(1, "b"), Start("b", 2))
    play.on(RequestArrived(2, "c")).on(RequestArrived(3, "d"))
    play.on(InstanceReady("b", 2), Grant(1, "b"), Stop("a", 1, "evicted for `c`"))
    play.on(InstanceStopped("a", 1), Start("c", 3)).on(InstanceReady("c", 3), Grant(2, "c"), Start("d", 4))


def test_families_hold_for_all_that_start_in_the_same_turn() -> None:
    play = Playbook(make_policy({"a": {}, "b": {}, "c": {}, "d": {}}, sets=("ab", "bc", "ac", "ad"))).up("a", "d")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(UnloadAsked("a"))
    play.on(UnloadAsked("d"), Stop("d", 2, "unload was asked for"))
    play.on(RequestArrived(2, "b")).on(RequestArrived(3, "c"))
    play.on(InstanceStopped("d", 2), Start("b", 3))
    play.on(RequestEnded(1), Stop("a", 1, "unload was asked for")).on(InstanceStopped("a", 1), Start("c", 4))


def test_families_narrow_what_fits() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 9, sets=("ab", "bc"))).up("a", "b")
    play.on(RequestArrived(1, "c"), Stop("a", 1, "evicted for `c`")).swap("a", "c", granted=(1,))
    assert play.states() == "b ready, c ready"


def test_a_model_in_no_family_runs_alone() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1, "free": {}}, 9, sets=("ab",))).up("a", "b", "free")
    play.on(RequestArrived(1, "c"), Stop("a", 1, "evicted for `c`"), Stop("b", 2, "evicted for `c`"))
    play.on(InstanceStopped("b", 2)).swap("a", "c", granted=(1,))
    assert play.states() == "c ready, free ready"


def test_families_bind_models_without_claims_that_they_name() -> None:
    play = Playbook(make_policy({"a": {}, "b": {}, "free": {}}, sets=("a", "b"))).up("free", "a")
    play.on(RequestArrived(1, "b"), Stop("a", 2, "evicted for `b`")).swap("a", "b", granted=(1,))
    assert play.states() == "b ready, free ready"


# Eviction


def test_the_idle_instance_that_was_used_least_recently_goes_first() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestEnded(1))
    play.on(RequestArrived(2, "c"), Stop("b", 2, "evicted for `c`"))


def test_a_long_request_counts_as_use_until_it_ends() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"), Grant(2, "b"))
    play.on(RequestEnded(2)).on(RequestEnded(1))
    play.on(RequestArrived(3, "c"), Stop("b", 2, "evicted for `c`"))


def test_only_as_many_go_as_are_needed() -> None:
    play = Playbook(make_policy({"small": 1, "large": 4, "other": 2, "new": 4}, 8)).up("small", "large", "other")
    play.on(RequestArrived(1, "new"), Stop("large", 2, "evicted for `new`"))


def test_busy_instances_are_not_stopped_but_drained() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b"))
    assert play.states() == "a draining"
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(2,))


def test_idle_instances_go_before_busy_ones() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "c"), Stop("b", 2, "evicted for `c`"))
    play.on(RequestArrived(3, "a"), Grant(3, "a"))


def test_the_busy_instance_that_was_granted_least_recently_drains() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b")
    play.on(RequestArrived(1, "b"), Grant(1, "b")).on(RequestArrived(2, "a"), Grant(2, "a"))
    play.on(RequestArrived(3, "c"))
    assert play.states() == "a ready, b draining"


def test_whoever_becomes_idle_first_goes_and_the_other_is_let_off() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b")
    play.on(RequestArrived(1, "b"), Grant(1, "b")).on(RequestArrived(2, "a"), Grant(2, "a"))
    play.on(RequestArrived(3, "c")).on(RequestArrived(4, "b"))
    play.on(RequestEnded(2), Grant(4, "b"), Stop("a", 1, "evicted for `c`"))


def test_victims_run_on_until_all_of_them_are_idle() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 2}, 2)).up("a", "b").on(RequestArrived(1, "b"), Grant(1, "b"))
    play.on(RequestArrived(2, "c"))
    assert play.states() == "a draining, b draining"
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `c`"), Stop("b", 2, "evicted for `c`"))


def test_a_drain_for_somebody_who_left_is_called_off() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 2}, 2)).up("a", "b").on(RequestArrived(1, "b"), Grant(1, "b"))
    play.on(RequestArrived(2, "c")).on(RequestArrived(3, "b"))
    play.on(RequestAbandoned(2), Grant(3, "b"))
    assert play.states() == "a ready, b ready"


def test_a_request_for_a_draining_model_waits_and_the_model_is_loaded_again() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b")).on(RequestArrived(3, "a"))
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(2,))
    assert play.states() == "b draining"
    play.on(RequestEnded(2), Stop("b", 2, "evicted for `a`")).swap("b", "a", granted=(3,))


def test_who_is_let_off_and_granted_is_not_stopped_for_the_next_in_line() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 2, "d": 1}, 2)).up("a", "b")
    play.on(RequestArrived(1, "b"), Grant(1, "b")).on(RequestArrived(2, "c"))
    play.on(RequestArrived(3, "a")).on(RequestArrived(4, "d"))
    play.on(RequestAbandoned(2), Grant(3, "a"))
    play.on(RequestEnded(3), Stop("a", 1, "evicted for `d`"))


def test_a_fresh_instance_counts_as_used_though_its_client_has_left() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestAbandoned(1))
    play.on(InstanceAdopted("b", 5)).on(InstanceReady("a", 1))
    play.on(RequestArrived(3, "c"), Stop("b", 5, "evicted for `c`"))


# Turns


def test_nothing_drains_for_somebody_whose_turn_has_not_come() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "wide": 2}, 2)).up("a").on(RequestArrived(1, "b"), Start("b", 2))
    play.on(RequestArrived(2, "wide")).on(RequestArrived(3, "a"), Grant(3, "a"))
    play.on(InstanceReady("b", 2), Grant(1, "b"))
    assert play.states() == "a draining, b draining"


def test_nobody_later_takes_the_room_of_somebody_older() -> None:
    play = Playbook(make_policy({"a": 3, "large": 4, "small": 1}, 4)).up("a")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "large"))
    play.on(RequestArrived(3, "small"))
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `large`")).swap("a", "large", granted=(2,))


def test_whoever_is_in_nobodys_way_does_not_wait() -> None:
    play = Playbook(make_policy({"a": {"x": 1}, "b": {"x": 1}, "c": {"y": 1}}, {"x": 1, "y": 1})).up("a")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"))
    play.on(RequestArrived(3, "c"), Start("c", 2))


def test_waiting_for_a_turn_reserves_on_every_device() -> None:
    claims = {"a": {"x": 1}, "b": {"x": 1}, "wide": {"x": 1, "y": 1}, "c": {"y": 1}}
    play = Playbook(make_policy(claims, {"x": 1, "y": 1})).up("a")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b")).on(RequestArrived(3, "wide"))
    play.on(RequestArrived(4, "c"))
    play.on(RequestAbandoned(3), Start("c", 2))


def test_a_fresh_instance_is_granted_even_if_somebody_older_needs_its_room() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestAbandoned(1))
    play.on(RequestArrived(2, "b")).on(RequestArrived(3, "a"))
    play.on(InstanceReady("a", 1), Grant(3, "a"))
    play.on(RequestArrived(4, "a"))
    play.on(RequestEnded(3), Stop("a", 1, "evicted for `b`"))
