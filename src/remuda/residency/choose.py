"""Which instances have to go so that another can come.

The order of the candidates is the whole preference: as many as needed are taken from the front, then whatever turned
out not to be needed is given back, the dearest first. Since room only grows when somebody leaves, no proper subset of
the result would do. It does not look for the fewest victims: a small model that nobody has used for long goes before
a large one that somebody uses. Nothing is stopped here.
"""

from __future__ import annotations

from collections.abc import Iterable

from remuda.errors import InternalError
from remuda.residency.ledger import Occupancy


def choose_victims(newcomer: str, occupancy: Occupancy, candidates: Iterable[str]) -> tuple[str, ...]:
    """The candidates, best first, that have to leave `occupancy` for the newcomer to fit; often none.

    All candidates together have to suffice, otherwise `InternalError`: who must not be evicted for the newcomer has
    to be asked before.
    """
    room = occupancy.without()
    taken = []
    queue = iter(candidates)
    while not room.fits(newcomer):
        victim = next(queue, None)
        if victim is None:
            message = f"cannot make room for `{newcomer}` even without any of the candidates"
            raise InternalError(message)
        room.remove(victim)
        taken.append(victim)
    return tuple(reversed(list(_needed(newcomer, room, taken))))


def _needed(newcomer: str, room: Occupancy, taken: list[str]) -> Iterable[str]:
    """Those of the taken, the dearest first, who cannot be given back; the others are."""
    for victim in reversed(taken):
        room.add(victim)
        if not room.fits(newcomer):
            room.remove(victim)
            yield victim
