"""Devices as they are: lent, used by others, measured, and not given back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remuda.residency.commands import Grant, RefusalKind, Refuse, Start, Stop
from remuda.residency.events import (
    DeviceReturned,
    DevicesObserved,
    DeviceYielded,
    Foreign,
    InstanceReady,
    InstanceStopped,
    MemoryHeld,
    MemoryMeasured,
    RequestArrived,
    RequestEnded,
    UnloadAsked,
)
from remuda.residency.policy import Policy
from tests.residency.playbook import Playbook, make_policy

LENT = "`gpu` has been lent to a game"
MIB = 1024**2


def shared(claims: dict[str, int], budget: int) -> Policy:
    """A policy whose device is used by others as well."""
    return replace(make_policy(claims, budget), capacity={"gpu": budget})


def test_a_lent_device_is_cleared_and_its_models_are_refused_until_it_is_returned() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": {"other": 1}}, {"gpu": 2, "other": 1})).up("a", "b", "c")
    play.on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(DeviceYielded("gpu", "a game"), Stop("b", 2, LENT))
    assert (play.residency.yielded(), play.residency.users("gpu")) == ({"gpu": "a game"}, ("a", "b"))
    refused = Refuse(2, "a", RefusalKind.YIELDED, "cannot load `a`: `gpu` has been lent to a game")
    play.on(RequestArrived(2, "a"), refused).on(RequestArrived(3, "c"), Grant(3, "c"))
    play.on(InstanceStopped("b", 2)).on(RequestEnded(1), Stop("a", 1, LENT)).on(InstanceStopped("a", 1))
    assert play.residency.users("gpu") == ()
    play.on(DeviceReturned("gpu")).on(RequestArrived(4, "a"), Start("a", 4))


def test_lending_by_force_does_not_wait_and_ends_starts() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b"), Start("b", 2))
    play.on(
        DeviceYielded("gpu", "a game", kill=True),
        Stop("a", 1, LENT, kill=True),
        Stop("b", 2, LENT, kill=True),
        Refuse(2, "b", RefusalKind.YIELDED, "cannot load `b`: `gpu` has been lent to a game"),
    )


def test_what_others_use_counts_for_starts_and_evicts_nobody() -> None:
    play = Playbook(shared({"a": 4 * MIB, "b": 4 * MIB}, 10 * MIB)).up("a")
    play.on(DevicesObserved({"gpu": Foreign(3 * MIB, "blender")}))
    assert play.states() == "a ready"
    play.on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(1,))


def test_who_cannot_come_because_of_others_is_told_who_they_are() -> None:
    play = Playbook(shared({"a": 4 * MIB, "b": 8 * MIB}, 10 * MIB)).up("a")
    play.on(DevicesObserved({"gpu": Foreign(3 * MIB, "blender")}))
    message = "cannot load `b`: 1.0 MiB of `gpu` are lacking, because `blender` and others use 3.0 MiB of it"
    play.on(RequestArrived(1, "b"), Refuse(1, "b", RefusalKind.HELD, message))
    play.on(DevicesObserved({"gpu": Foreign(0)})).on(RequestArrived(2, "b"), Stop("a", 1, "evicted for `b`"))


def test_who_waits_is_refused_when_others_take_the_room() -> None:
    play = Playbook(shared({"a": 9 * MIB, "b": 9 * MIB}, 9 * MIB)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b"))
    message = "cannot load `b`: 1.0 MiB of `gpu` are lacking, because other programs use 1.0 MiB of it"
    play.on(DevicesObserved({"gpu": Foreign(MIB)}), Refuse(2, "b", RefusalKind.HELD, message))
    assert play.states() == "a ready"


def test_a_reserve_stays_free() -> None:
    policy = replace(shared({"a": 4, "b": 4}, 8), reserve={"gpu": 1})
    Playbook(policy).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))


def test_memory_that_does_not_come_back_counts_as_used_by_who_has_it() -> None:
    play = Playbook(shared({"a": 4 * MIB, "b": 4 * MIB}, 4 * MIB)).up("a")
    play.on(UnloadAsked("a"), Stop("a", 1, "unload was asked for"))
    play.on(MemoryHeld("a", 1, "gpu", MIB, "VLLM::Worker (pid 7)")).on(InstanceStopped("a", 1))
    message = (
        "cannot load `b`: 1.0 MiB of `gpu` are lacking, because `VLLM::Worker (pid 7)` and others use 1.0 MiB of it"
    )
    play.on(RequestArrived(1, "b"), Refuse(1, "b", RefusalKind.HELD, message))
    play.on(DevicesObserved({"gpu": Foreign(0)})).on(RequestArrived(2, "b"), Start("b", 2))


def of_unknown_size(policy: Policy, model: str) -> Policy:
    unknown = replace(policy.residents[model], claims_all=True)
    return replace(policy, residents={**policy.residents, model: unknown})


@pytest.mark.parametrize("size", [6, 9])
def test_what_was_measured_does_not_take_the_place_of_what_is_declared(size: int) -> None:
    play = Playbook(make_policy({"a": 8, "b": 2, "c": 3}, 10)).up("a").on(MemoryMeasured("a", {"gpu": size}))
    assert play.residency.memory_bytes("a") == 8
    play.on(RequestArrived(1, "b"), Start("b", 2)).on(InstanceReady("b", 2), Grant(1, "b")).on(RequestEnded(1))
    play.on(RequestArrived(2, "c"), Stop("a", 1, "evicted for `c`"))


def test_what_is_needed_beyond_the_charge_counts_at_once() -> None:
    policy = of_unknown_size(make_policy({"a": 8, "b": 4}, 8), "a")
    play = Playbook(policy).on(MemoryMeasured("a", {"gpu": 4})).up("a").on(MemoryMeasured("a", {"gpu": 5}))
    assert play.residency.memory_bytes("a") == 5
    play.on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))


def test_a_model_of_unknown_size_has_its_device_to_itself_until_it_is_measured() -> None:
    play = Playbook(of_unknown_size(make_policy({"a": 99, "b": 4}, 10), "a")).up("a")
    play.on(MemoryMeasured("a", {"gpu": 6}))
    play.on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(1,))
    play.on(RequestEnded(1)).on(RequestArrived(2, "a"), Start("a", 3)).on(InstanceReady("a", 3), Grant(2, "a"))
