"""Random walks through the life of a residency: whatever happens, every command is lawful and nobody is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from remuda.engines.contract import Failure, FailureKind
from remuda.residency.events import InstanceReady, InstanceStopped, RequestEnded, TimerFired, TtlAsked
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.residency.room import Phase
from tests.residency.world import COMING, World, backwards

MODELS = "abcde"
DEVICES = "xy"
BUDGET = dict.fromkeys(DEVICES, 4)
CAPACITY = {"x": 5}
PATIENCE = 60
PATIENCE_S = 30.0
RUSH = 5

# A few seconds when all is well; a failure takes minutes to be told in short.
pytestmark = pytest.mark.timeout(400)

models = st.sampled_from(MODELS)
devices = st.sampled_from(DEVICES)
claims = st.dictionaries(devices, st.integers(1, 5))
ttls = st.sampled_from([None, None, 0.0, 3.0, 50.0])
family_sets = st.none() | st.lists(st.frozensets(st.sampled_from(MODELS), min_size=1), max_size=4).map(tuple)
failures = st.sampled_from(FailureKind).map(lambda kind: Failure(kind, "no luck", ("no luck",)))
picks = st.integers(0, 1_000)
rarely = st.sampled_from([False, False, False, False, True])


@st.composite
def residents(draw: st.DrawFn, model: str) -> Resident:
    """A model with any wishes; whoever changes what it takes has another fingerprint."""
    needs, claims_all = draw(claims), draw(rarely)
    return Resident(
        model,
        needs,
        ttl_s=draw(ttls),
        priority=draw(st.sampled_from([0, 0, 0, 1])),
        swappable=not draw(rarely),
        preload=draw(rarely),
        always_on=draw(rarely),
        claims_all=claims_all,
        load_s=draw(st.sampled_from([0.0, 1.0, 30.0])),
        fingerprint=f"{sorted(needs.items())} {claims_all} {draw(rarely)}",
        expels=frozenset(draw(models) if draw(rarely) else ()) - {model},
        asleep_claims=draw(st.none() | st.dictionaries(devices, st.integers(0, 2))),
        wake_s=draw(st.sampled_from([0.0, 1.0])),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Up to five models on two devices, one of which other programs use as well."""
    wanted = draw(st.sets(models, min_size=3))
    return Policy(
        {model: draw(residents(model)) for model in sorted(wanted)},
        BUDGET,
        draw(family_sets),
        capacity=CAPACITY,
        reserve=draw(st.sampled_from([{}, {"x": 1}])),
        min_residency_s=draw(st.sampled_from([0.0, 5.0])),
        max_wait_s=draw(st.sampled_from([0.0, 20.0, 120.0])),
    )


class Walk(RuleBasedStateMachine):
    """Clients, engines and people do what they like."""

    world: World

    @initialize(policy=policies(), adopted=st.sets(models), asleep=st.sets(models))
    def begin(self, policy: Policy, adopted: set[str], asleep: set[str]) -> None:
        self.first = policy
        self.world = World(policy)
        for attempt, model in enumerate(sorted(adopted & policy.residents.keys()), start=3):
            if self.world.room.fits(model, self.world.engines):
                can_sleep = policy.residents[model].asleep_claims is not None
                self.world.adopt(model, attempt, is_asleep=can_sleep and model in asleep)

    def pick(self, choices: list[str], number: int) -> str:
        return sorted(choices)[number % len(choices)]

    def of_the_fleet(self, number: int) -> str:
        return self.pick(list(self.world.policy.residents), number)

    # Clients

    @rule(numbers=st.lists(picks, min_size=1, max_size=4), priority=st.sampled_from([0, 0, 1, 5]), insists=rarely)
    def arrive(self, numbers: list[int], priority: int, *, insists: bool) -> None:
        for number in numbers:
            self.world.arrive(self.of_the_fleet(number), priority=priority, insists=insists)

    @precondition(lambda self: self.world.served)
    @rule(number=picks)
    def end(self, number: int) -> None:
        self.world.end(sorted(self.world.served)[number % len(self.world.served)])

    @precondition(lambda self: self.world.waiting or self.world.served)
    @rule(number=picks)
    def abandon(self, number: int) -> None:
        requests = sorted([*self.world.waiting, *self.world.served])
        self.world.abandon(requests[number % len(requests)])

    @precondition(lambda self: self.world.served)
    @rule()
    def end_all(self) -> None:
        for request in sorted(self.world.served):
            self.world.end(request)

    # Engines

    @rule(times=st.integers(1, 3))
    def get_on(self, times: int) -> None:
        for _ in range(times):
            self.world.get_on()

    @precondition(lambda self: self.world.in_phase(*COMING))
    @rule(number=picks)
    def become_ready(self, number: int) -> None:
        self.world.become_ready(self.pick(self.world.in_phase(*COMING), number))

    @precondition(lambda self: self.world.in_phase(Phase.FALLING_ASLEEP))
    @rule(number=picks, keeps=st.just({}) | st.dictionaries(devices, st.integers(0, 2)))
    def fall_asleep(self, number: int, keeps: dict[str, int]) -> None:
        self.world.have_fallen_asleep(self.pick(self.world.in_phase(Phase.FALLING_ASLEEP), number), keeps)

    @precondition(lambda self: self.world.in_phase(Phase.FALLING_ASLEEP))
    @rule(number=picks)
    def be_sleepless(self, number: int) -> None:
        self.world.be_sleepless(self.pick(self.world.in_phase(Phase.FALLING_ASLEEP), number))

    @precondition(lambda self: self.world.in_phase(Phase.STOPPING))
    @rule(number=picks, held_bytes=st.sampled_from([0, 0, 0, 1]))
    def have_stopped(self, number: int, held_bytes: int) -> None:
        self.world.have_stopped(self.pick(self.world.in_phase(Phase.STOPPING), number), held_bytes=held_bytes)

    @precondition(lambda self: self.world.engines)
    @rule(number=picks, failure=failures)
    def die(self, number: int, failure: Failure) -> None:
        self.world.die(self.pick(list(self.world.engines), number), failure)

    @rule(number=picks, kind=st.sampled_from([InstanceReady, InstanceStopped]))
    def hear_of_an_old_attempt(self, number: int, kind: type[InstanceReady | InstanceStopped]) -> None:
        model = self.of_the_fleet(number)
        self.world.tell(kind(model, 1 if model not in self.world.engines else self.world.engines[model].attempt - 1))

    # Devices

    @rule(size=st.integers(0, 4))
    def observe(self, size: int) -> None:
        self.world.observe({"x": size})

    @precondition(lambda self: self.world.engines)
    @rule(number=picks, size=st.integers(1, 5))
    def measure(self, number: int, size: int) -> None:
        model = self.pick(list(self.world.engines), number)
        if model in self.world.policy.residents and model not in self.world.in_phase(Phase.STOPPING):
            self.world.measure(model, dict.fromkeys(self.world.engines[model].claims, size))

    @rule(device=devices, kill=st.booleans())
    def yield_device(self, device: str, *, kill: bool) -> None:
        self.world.yield_device(device, kill=kill)

    @rule(device=devices)
    def return_device(self, device: str) -> None:
        self.world.return_device(device)

    # People and time

    @rule(number=picks, kill=st.booleans())
    def unload(self, number: int, *, kill: bool) -> None:
        self.world.unload(self.of_the_fleet(number), kill=kill)

    @rule(name=st.sampled_from("12"), number=picks, seconds=st.sampled_from([None, 0.0, 10.0]))
    def lease(self, name: str, number: int, seconds: float | None) -> None:
        self.world.lease(name, self.of_the_fleet(number), seconds)

    @rule(name=st.sampled_from("12"))
    def end_lease(self, name: str) -> None:
        self.world.end_lease(name)

    @rule()
    def preload(self) -> None:
        self.world.preload()

    @rule(policy=policies())
    def change(self, policy: Policy) -> None:
        self.world.change(replace(policy, families=self.first.families))

    @rule(seconds=st.sampled_from([0.0, 1.0, 3.0, 30.0, 200.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(number=picks, ttl_s=ttls)
    def set_ttl(self, number: int, ttl_s: float | None) -> None:
        self.world.tell(TtlAsked(self.of_the_fleet(number), ttl_s))

    @rule(request=st.just(-1))
    def hear_of_nobody(self, request: int) -> None:
        self.world.tell(RequestEnded(request))
        self.world.tell(TimerFired())

    @precondition(lambda self: len(self.world.told) > 100)
    @rule(kill=st.booleans())
    def shut_everything_down(self, *, kill: bool) -> None:
        self.world.shut_down(kill=kill)
        assert not self.world.waiting

    @invariant()
    def the_books_agree(self) -> None:
        self.world.check_books()

    # The end of every walk

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self._nobody_holds_anything_any_more()
        self._nobody_starves()
        self._everything_comes_to_rest()
        self._the_same_story_ends_the_same_way()

    def _nobody_holds_anything_any_more(self) -> None:
        for name in list(self.world.leases):
            self.world.end_lease(name)
        for device in sorted(self.world.room.yielded):
            self.world.return_device(device)
        self.world.observe(dict.fromkeys(CAPACITY, 0))

    def _nobody_starves(self) -> None:
        """Those who wait get an answer although requests for every model keep coming, and always some are served."""
        patient = set(self.world.waiting)
        for rounds in range(PATIENCE):
            if rounds > RUSH and not patient & self.world.waiting.keys():
                break
            older = sorted(self.world.served)
            for model in sorted(self.world.policy.residents):
                self.world.arrive(model)
            for request in older:
                self.world.end(request)
            self.world.get_on()
            self.world.pass_time(PATIENCE_S)
        assert not patient & self.world.waiting.keys()

    def _everything_comes_to_rest(self) -> None:
        """Without new requests nobody is left waiting, and no counter is left over."""
        for _ in range(PATIENCE):
            for request in sorted(self.world.served):
                self.world.end(request)
            self.world.get_on()
            self.world.pass_time(PATIENCE_S)
        assert not self.world.waiting
        assert not self.world.shutting_down or self.world.residency.is_stopped
        assert not any(status.in_flight or status.waiting for status in self.world.residency.snapshot())
        self.world.check_books()

    def _the_same_story_ends_the_same_way(self) -> None:
        """Told again, with every policy written in another order, everything gets the same answers."""
        again = Residency(backwards(self.first))
        answers = [tell(again) for tell, _ in self.world.told]
        assert answers == [answer for _, answer in self.world.told]


Walk.TestCase.settings = settings(max_examples=300, stateful_step_count=60)
test_walk = Walk.TestCase
