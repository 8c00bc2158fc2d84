"""The instances of a fleet with all that belongs to them, and the single steps that can be taken with them.

Every step changes what is remembered and notes the command that makes it true. Which step to take, and when, is
`remuda.residency.residency`'s to decide; only it has a herd.
"""

from __future__ import annotations

from collections.abc import Mapping

from remuda.residency.commands import Command, Grant, Refuse, Sleep, Start, Stop, Wake, WakeAt
from remuda.residency.instance import Instance
from remuda.residency.leases import Leases
from remuda.residency.ledger import Ledger, Occupancy
from remuda.residency.objection import Objection
from remuda.residency.picture import Picture
from remuda.residency.policy import Policy
from remuda.residency.states import COMING, State
from remuda.residency.status import ModelStatus, WaitingFor
from remuda.residency.waiting import Waiting


class Herd:
    """Instances, who waits for them, who is served, who holds on to them.

    `commands`: what is to be done because of the event that is being handled. `doubted`: models that may have become
    impossible to load since those who wait for them were let wait.
    """

    def __init__(self, policy: Policy) -> None:
        self.ledger = Ledger(policy)
        self.instances = {model: Instance(resident) for model, resident in policy.residents.items()}
        self.up = Occupancy(self.ledger)
        self.waiting = Waiting()
        self.waiting_for: dict[str, WaitingFor] = {}
        self.leases = Leases()
        self.granted: dict[int, tuple[Instance, int]] = {}
        self.commands: list[Command] = []
        self.doubted: set[str] = set()
        self.wake_at: float | None = None
        self.last_attempt = 0
        self._turn = 0

    def served(self, instance: Instance, now: float) -> None:
        """A request of the instance is over."""
        instance.in_flight -= 1
        if instance.failures.times:
            instance.failures.forget()
        if not instance.in_flight:
            self.use(instance)
            instance.idle_since = now
            instance.worth.pause(now)
            instance.use_priority = None

    def grant(self, instance: Instance, request: int, priority: int) -> None:
        """Serve the request, and say so."""
        self.take(instance, request, priority)
        self.commands.append(Grant(request, instance.model))

    def take(self, instance: Instance, request: int, priority: int) -> None:
        """Serve the request."""
        instance.in_flight += 1
        instance.idle_since = None
        highest = instance.use_priority
        if highest is None or highest < priority:
            instance.use_priority = priority
        instance.worth.use()
        self.use(instance)
        self.granted[request] = (instance, instance.attempt)

    def grant_all(self, instance: Instance) -> None:
        """Serve all who wait for the instance."""
        for request, priority in self.waiting.take(instance.model):
            self.grant(instance, request, priority)

    def refuse(self, request: int, model: str, why: Objection) -> None:
        """Say that the request is not served."""
        self.commands.append(Refuse(request, model, why.kind, why.message, why.failure, why.retry_after_s))

    def refuse_all(self, model: str, why: Objection) -> None:
        """Say so to all who wait for the model."""
        for request, _ in self.waiting.take(model):
            self.refuse(request, model, why)

    def come_up(self, instance: Instance) -> None:
        """From now on the instance holds memory."""
        instance.fingerprint = instance.resident.fingerprint
        self.ledger.charge(instance.model)
        self.up.add(instance.model)
        if instance.model in self.ledger.fixed or instance.model in self.leases.models():
            self.doubt_all()

    def start(self, instance: Instance, now: float) -> None:
        """A new attempt."""
        instance.move(State.STARTING, now)
        self.last_attempt += 1
        instance.attempt = self.last_attempt
        self.come_up(instance)
        self.commands.append(Start(instance.model, instance.attempt))

    def wake(self, instance: Instance, now: float) -> None:
        """Go on with the attempt that is asleep."""
        instance.move(State.WAKING, now)
        self.ledger.charge_change(instance.model)
        self._recount(instance)
        self.commands.append(Wake(instance.model, instance.attempt))

    def put_to_sleep(self, instance: Instance, reason: str, now: float) -> None:
        """Let the attempt rest; what it frees is not free yet."""
        self.doubted.add(instance.model)
        instance.move(State.FALLING_ASLEEP, now)
        self.ledger.charge_change(instance.model)
        self._recount(instance)
        self.commands.append(Sleep(instance.model, instance.attempt, reason))

    def rest(self, instance: Instance, keeps: Mapping[str, int], now: float) -> None:
        """It is asleep, and keeps so much."""
        instance.move(State.ASLEEP, now)
        instance.ready_since = None
        self.ledger.charge_asleep(instance.model, keeps)
        self._recount(instance)

    def be_awake(self, instance: Instance) -> None:
        """It needs what it claims, and nothing beside that any more."""
        self.ledger.charge(instance.model)
        self._recount(instance)

    def _recount(self, instance: Instance) -> None:
        self.up.remove(instance.model)
        self.up.add(instance.model)
        if self.ledger.fixed or self.leases.models():
            self.doubt_all()

    def room_was_made(self, instance: Instance) -> None:
        """Who failed for want of memory on its devices may try again at once."""
        for other in self.instances.values():
            if other is not instance and other.failures and self.ledger.share_device(instance.model, other.model):
                other.failures.room_was_made()

    def stop(self, instance: Instance, reason: str, now: float, *, kill: bool = False) -> None:
        """The end of the attempt, whatever it is doing."""
        self.doubted.add(instance.model)
        instance.move(State.STOPPING, now)
        self.command_stop(instance, reason, kill=kill)

    def command_stop(self, instance: Instance, reason: str, *, kill: bool) -> None:
        """Tell the instance to stop, perhaps once more."""
        instance.killed = kill
        self.commands.append(Stop(instance.model, instance.attempt, reason, kill))

    def use(self, instance: Instance) -> None:
        """The instance is the last that was used."""
        self._turn += 1
        instance.last_used = self._turn

    def dismiss(self, instance: Instance, reason: str, now: float, *, kill: bool = False) -> None:
        """End the instance for good: after its requests, or at once if it has none or is to be killed."""
        if instance.state is State.STOPPING:
            if kill and not instance.killed:
                self.command_stop(instance, reason, kill=True)
        elif kill or not instance.in_flight:
            self.stop(instance, reason, now, kill=kill)
        else:
            instance.leaving = reason
            self.drain(instance, now)

    def drain(self, instance: Instance, now: float) -> None:
        """No new requests for the instance, if it serves any."""
        if instance.state is State.READY:
            instance.move(State.DRAINING, now)
            instance.drain_since = now if instance.in_flight else None

    def picture(self, now: float) -> Picture:
        """All of this, to be looked at."""
        return Picture(self.ledger, self.instances, self.up, self.waiting, self.leases, now)

    def wake_by(self, at: float) -> None:
        """Be woken at this time at the latest."""
        if self.wake_at is None or at < self.wake_at:
            self.wake_at = at
            self.commands.append(WakeAt(at))

    def serving(self) -> list[Instance]:
        """The instances that have been ready and have not been stopped."""
        up = map(self.instances.__getitem__, self.up.members)
        return [instance for instance in up if instance.state is State.READY or instance.state is State.DRAINING]

    def expiring(self, now: float) -> list[tuple[Instance, float]]:
        """What its ttl will end, and when; without what has to wait because something starts beside it, or a lease."""
        starting = [model for model in self.up.members if self.instances[model].state in COMING]
        return [
            (instance, expires_at)
            for instance in map(self.instances.__getitem__, self.up.members)
            if (expires_at := instance.expires_at) is not None
            and self.leases.until(instance.model, now) is None
            and not any(self.ledger.share_device(instance.model, model) for model in starting)
        ]

    def status(self, instance: Instance) -> ModelStatus:
        """What there is to tell about a model."""
        model = instance.model
        leases = [lease.until for lease in self.leases.all().values() if lease.model == model]
        return ModelStatus(
            model=model,
            state=instance.state,
            since=instance.since,
            attempt=instance.attempt,
            in_flight=instance.in_flight,
            waiting=self.waiting.count(model),
            waiting_for=self.waiting_for.get(model) if self.waiting.count(model) else None,
            expires_at=instance.expires_at,
            last_failure=instance.last_failure,
            failures=len(instance.failures),
            retry_at=instance.failures.retry_at,
            leased_until=max(leases, default=None),
            load_s=instance.worth.load_s,
            leaving=instance.leaving,
        )

    def doubt_all(self) -> None:
        """Something has changed that may be in anybody's way."""
        self.doubted.update(self.waiting.models())
