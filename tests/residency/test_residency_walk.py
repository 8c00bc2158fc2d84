"""Random walks through the life of a residency: whatever happens, every command is lawful and nobody is forgotten."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from remuda.residency.commands import Start
from remuda.residency.events import (
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    RequestAbandoned,
    RequestEnded,
    ShutdownAsked,
    TimerFired,
    UnloadAsked,
)
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.residency.playbook import BROKEN
from tests.residency.world import Phase, World

MODELS = "abcde"
DEVICES = "xy"
BUDGET = dict.fromkeys(DEVICES, 4)
PATIENCE = 40

claims = st.dictionaries(st.sampled_from(DEVICES), st.integers(1, 5))
ttls = st.sampled_from([None, None, 0.0, 3.0, 50.0])
family_sets = st.none() | st.lists(st.frozensets(st.sampled_from(MODELS), min_size=1), max_size=4).map(tuple)
models = st.sampled_from(MODELS)
picks = st.integers(0, 1_000)


class Walk(RuleBasedStateMachine):
    """Clients, engines and people do what they like."""

    world: World
    shut_down = False

    @initialize(data=st.data(), families=family_sets, adopted=st.sets(models))
    def begin(self, data: st.DataObject, families: tuple[frozenset[str], ...] | None, adopted: set[str]) -> None:
        residents = {model: Resident(model, data.draw(claims), data.draw(ttls)) for model in MODELS}
        self.world = World(Policy(residents, BUDGET, families))
        for attempt, model in enumerate(sorted(adopted), start=3):
            if self.world.room_for(model):
                self.world.adopt(model, attempt)

    # Clients

    @rule(model=models)
    def arrive(self, model: str) -> None:
        self.world.arrive(model)

    @precondition(lambda self: self.world.served)
    @rule(pick=picks, abandoned=st.booleans())
    def end(self, pick: int, *, abandoned: bool) -> None:
        request = sorted(self.world.served)[pick % len(self.world.served)]
        if abandoned:
            del self.world.served[request]
            self.world.tell(RequestAbandoned(request))
        else:
            self.world.end(request)

    @precondition(lambda self: self.world.waiting)
    @rule(pick=picks)
    def abandon(self, pick: int) -> None:
        request = sorted(self.world.waiting)[pick % len(self.world.waiting)]
        del self.world.waiting[request]
        self.world.outcomes.add(request)
        self.world.tell(RequestAbandoned(request))

    # Engines

    @precondition(lambda self: self.world.in_phase(Phase.STARTING))
    @rule(pick=picks)
    def become_ready(self, pick: int) -> None:
        starting = self.world.in_phase(Phase.STARTING)
        self.world.become_ready(starting[pick % len(starting)])

    @precondition(lambda self: self.world.in_phase(Phase.STOPPING))
    @rule(pick=picks)
    def have_stopped(self, pick: int) -> None:
        stopping = self.world.in_phase(Phase.STOPPING)
        self.world.have_stopped(stopping[pick % len(stopping)])

    @precondition(lambda self: self.world.engines)
    @rule(pick=picks)
    def die(self, pick: int) -> None:
        model = sorted(self.world.engines)[pick % len(self.world.engines)]
        self.world.tell(InstanceFailed(model, self.world.engines.pop(model).attempt, BROKEN))

    @rule(model=models, kind=st.sampled_from([InstanceReady, InstanceStopped]))
    def hear_of_an_old_attempt(self, model: str, kind: type[InstanceReady | InstanceStopped]) -> None:
        self.world.tell(kind(model, 1 if model not in self.world.engines else self.world.engines[model].attempt - 1))

    # People and time

    @rule(model=models, kill=st.booleans())
    def unload(self, model: str, *, kill: bool) -> None:
        self.world.tell(UnloadAsked(model, kill=kill))

    @rule(seconds=st.sampled_from([0.0, 1.0, 3.0, 60.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(request=st.just(-1))
    def hear_of_nobody(self, request: int) -> None:
        self.world.tell(RequestEnded(request))
        self.world.tell(TimerFired())
        self.world.wake_at = None
        self.world.tell(TimerFired())

    @precondition(lambda self: len(self.world.told) > 30)
    @rule(kill=st.booleans())
    def shut_everything_down(self, *, kill: bool) -> None:
        self.shut_down = True
        self.world.tell(ShutdownAsked(kill=kill))
        assert not self.world.waiting

    @invariant()
    def the_books_agree(self) -> None:
        self.world.check_books()

    # The end of every walk

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self._nobody_starves()
        self._everything_comes_to_rest()
        self._the_same_story_ends_the_same_way()

    def _nobody_starves(self) -> None:
        """Those who wait are served although new requests for every model keep coming, and always some are served."""
        patient = set(self.world.waiting)
        for _ in range(PATIENCE):
            if not patient & self.world.waiting.keys():
                break
            older = sorted(self.world.served)
            for model in MODELS:
                self.world.arrive(model)
            for request in older:
                self.world.end(request)
            self.world.get_on()
        assert not patient & self.world.waiting.keys()

    def _everything_comes_to_rest(self) -> None:
        """Without new requests nobody is left waiting, and no counter is left over."""
        for _ in range(PATIENCE):
            for request in sorted(self.world.served):
                self.world.end(request)
            self.world.get_on()
        assert not self.world.waiting
        assert not self.shut_down or self.world.residency.is_stopped
        self.world.check_books()
        self.world.pass_time(1_000.0)
        residents = self.world.policy.residents
        assert all(residents[model].ttl_s is None for model in self.world.in_phase(Phase.READY))

    def _the_same_story_ends_the_same_way(self) -> None:
        """Told again, with the policy written in another order, every event gives the same commands."""
        policy = self.world.policy
        backwards = dict(reversed(list(policy.residents.items())))
        again = Residency(Policy(backwards, dict(reversed(list(policy.budget.items()))), policy.families))
        for event, now, commands in self.world.told:
            assert again.handle(event, now) == commands
        attempts = [c.attempt for _, _, commands in self.world.told for c in commands if isinstance(c, Start)]
        assert attempts == sorted(set(attempts))


Walk.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
test_walk = Walk.TestCase
