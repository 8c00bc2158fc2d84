"""The steps of settling (`remuda.residency.residency` numbers them) that need nothing but the herd.

What is over is ended before anything is decided, and what has been decided is carried out in an order that never has
more up than there is room for. Nothing is decided here.
"""

from __future__ import annotations

from remuda.residency.herd import Herd
from remuda.residency.objection import objection
from remuda.residency.schedule import Schedule
from remuda.residency.states import State


def stop_what_is_over(herd: Herd, now: float) -> None:
    """Stop what has to go and has nothing left to do, and what was idle for its ttl."""
    for instance in herd.serving():
        if instance.leaving is not None and not instance.in_flight:
            herd.stop(instance, instance.leaving, now)
    for instance, expires_at in herd.expiring(now):
        if expires_at <= now:
            herd.stop(instance, f"idle for {instance.ttl_s:g} s", now)


def refuse_the_hopeless(herd: Herd, now: float) -> None:
    """Refuse who waits for what cannot be loaded any more; what has not changed for the worse is not asked."""
    doubted, herd.doubted = herd.doubted, set()
    for model in herd.waiting.models() if doubted else ():
        is_doubted = model in doubted and not herd.instances[model].staying
        if is_doubted and (objected := objection(herd.picture(now), model)):
            herd.refuse_all(model, objected)


def carry_out(decided: Schedule, herd: Herd, now: float) -> None:
    """Let stay, grant, drain, send away, start or wake, in this order."""
    _let_stay(decided, herd, now)
    for model in decided.grant:
        herd.grant_all(herd.instances[model])
    for model in sorted(decided.drain):
        herd.drain(herd.instances[model], now)
    for victim, newcomer in decided.stop.items():
        herd.instances[newcomer].evicted.append(victim)
        send_away = herd.put_to_sleep if victim in decided.sleep else herd.stop
        send_away(herd.instances[victim], f"evicted for `{newcomer}`", now)
    for model in decided.start:
        instance = herd.instances[model]
        come = herd.wake if instance.state is State.ASLEEP else herd.start
        come(instance, now)


def _let_stay(decided: Schedule, herd: Herd, now: float) -> None:
    for instance in herd.serving():
        is_to_go = instance.model in decided.drain or instance.model in decided.stop
        if instance.state is State.DRAINING and instance.leaving is None and not is_to_go:
            instance.move(State.READY, now)
            instance.drain_since = None
