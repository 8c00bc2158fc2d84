"""The rules of other schedulers: llama-swap's, the least recently used, and Ollama's.

None of them looks at who waits while it serves a model that is ready, so a stream of requests to one model starves
another. That is how they are, and part of what is measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from bench.residency_sim.books import Books, Phase
from bench.residency_sim.fleets import Fleet
from remuda.residency.commands import Command, WakeAt
from remuda.residency.events import Event, InstanceReady, InstanceStopped


class LlamaSwap:
    """First come, first served: a swap begins for whoever is first and collides with no other swap.

    Its user has written down, as a matrix, everything that fits together, and every model costs the same to evict: as
    few as possible go, the first of the file before the others. The queue is gone through in its order whenever
    something ends, and who is held up reserves nothing.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._books = Books(fleet)
        self._swaps: dict[str, set[str]] = {}

    def handle(self, event: Event, now: float) -> list[Command]:
        books = self._books
        books.note(event, now)
        if isinstance(event, InstanceReady):
            del self._swaps[event.model]
        if isinstance(event, InstanceStopped):
            self._carry_on(event.model)
        for request, model in list(books.queue.items()):
            if model in self._swaps:
                continue
            if books.is_ready(model):
                books.grant(request)
            else:
                self._consider(model)
        return books.commands

    def _carry_on(self, gone: str) -> None:
        for target, evicted in self._swaps.items():
            if gone in evicted:
                evicted.remove(gone)
                if not evicted:
                    self._books.start(target)

    def _consider(self, model: str) -> None:
        evicted = self._victims(model)
        if evicted is None or not all(map(self._books.is_idle, evicted)):
            return
        self._swaps[model] = set(evicted)
        for victim in evicted:
            self._books.stop(victim)
        if not evicted:
            self._books.start(model)

    def _victims(self, model: str) -> tuple[str, ...] | None:
        """The fewest models that have to go; None if that collides with a swap that is under way."""
        stopping = {name for name, phase in self._books.up.items() if phase is Phase.STOPPING}
        to_come = self._swaps.keys() - self._books.up.keys()
        if any(self._books.share_device(model, name) for name in stopping | to_come):
            return None
        names = [name for name in self._books.fleet.models if name in self._books.up]
        return next(victims for victims in _fewest_first(names) if self._books.fits(model, victims))


class LeastRecentlyUsed:
    """The oldest request comes first; idle models go, the least recently used before the others, until it fits."""

    def __init__(self, fleet: Fleet) -> None:
        self._books = Books(fleet)

    def handle(self, event: Event, now: float) -> list[Command]:
        books = self._books
        books.note(event, now)
        books.grant_what_is_ready()
        for model in dict.fromkeys(books.queue.values()):
            if books.up.get(model) is Phase.STARTING:
                continue
            if model in books.up or not books.fits(model):
                self._make_room(model)
                break
            books.start(model)
        return books.commands

    def _make_room(self, model: str) -> None:
        books = self._books
        gone = [name for name, phase in books.up.items() if phase is Phase.STOPPING]
        idle = sorted(filter(books.is_idle, books.up), key=books.last_used.__getitem__)
        for count in range(len(idle) + 1):
            if books.fits(model, gone + idle[:count]):
                for victim in idle[:count]:
                    books.stop(victim)
                return


class Ollama:
    """One request at a time is made room for, and one model at a time is loaded.

    What goes is an idle model, or else one that is busy, as soon as it has nothing to do; always the one with the
    shortest keep-alive, which here is the same for all, then the first by name. One goes, its memory is waited for,
    and the question is asked anew. Idle models go after five minutes.
    """

    KEEP_ALIVE_S = 300.0

    def __init__(self, fleet: Fleet) -> None:
        self._books = Books(fleet)
        self._marked: str | None = None

    def handle(self, event: Event, now: float) -> list[Command]:
        books = self._books
        books.note(event, now)
        books.grant_what_is_ready()
        self._expire(now)
        if Phase.STARTING not in books.up.values() and Phase.STOPPING not in books.up.values():
            self._make_progress()
        self._set_timer(now)
        return books.commands

    def _make_progress(self) -> None:
        books = self._books
        model = next(iter(books.queue.values()), None)
        if self._marked is None and model is not None and not books.fits(model):
            self._marked = min(books.up, key=lambda name: (not books.is_idle(name), name))
        if self._marked is not None:
            if books.is_idle(self._marked):
                books.stop(self._marked)
                self._marked = None
        elif model is not None:
            books.start(model)

    def _expire(self, now: float) -> None:
        for model in list(filter(self._books.is_idle, self._books.up)):
            if self._books.last_used[model] + self.KEEP_ALIVE_S <= now:
                self._books.stop(model)
                if model == self._marked:
                    self._marked = None

    def _set_timer(self, now: float) -> None:
        idle = filter(self._books.is_idle, self._books.up)
        if due := [self._books.last_used[model] + self.KEEP_ALIVE_S for model in idle]:
            self._books.commands.append(WakeAt(max(now, min(due))))


def _fewest_first(names: list[str]) -> Iterable[tuple[str, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(names, count) for count in range(len(names) + 1))
