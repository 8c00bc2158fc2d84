"""What a sync found, in words for people and as data for programs.

Everything that comes from upstream is text of somebody else's: characters that a terminal would act on are left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from remuda.adapt.sync.difference import KINDS, Change, Kind, Overlay
from remuda.adapt.sync.model import Told
from remuda.adapt.sync.recipe import FOLDER
from remuda.adapt.sync.trail import Commit, Move

_TITLES: Final[dict[Kind, str]] = {
    "image": "image",
    "limits": "limits",
    "environment": "environment",
    "flags": "flags",
    "patches": "files of the repository (patches), which the container sees",
    "volumes": "volumes, which the container sees",
    "steps": "steps, which the container runs before the engine",
    "keys": "other keys",
}
_LENGTH: Final = 100
_COMMITS: Final = 20


def lines(told: Told) -> Iterator[str]:
    """The report about one model; one line if there is nothing to tell."""
    yield _head(told)
    yield from ("  " + line for line in _body(told))


def _body(told: Told) -> Iterator[str]:
    for move in told.trail.moves:
        yield _moved(move)
    if told.was_edited:
        yield "its entry in the lock was edited: the edit is lost; what is to be different belongs into the model"
    for path in told.damaged:
        yield f"`{path}` is missing or was edited: it is brought again"
    if told.before != told.after:
        yield from _commits(told.trail.touched)
    yield from _changes(told.changes)
    yield from _overlay(told)
    yield from (f"not known: {_plain(text)}" for text in told.new_unknowns)


def _head(told: Told) -> str:
    before, after = told.before, told.after
    if told.is_gone or after is None:
        return f"{told.model_id}: the recipe is gone upstream" + ("; what is locked stays" if before else "")
    if before is None:
        return f"{told.model_id}: new, from {_plain(after.provenance)}"
    if before == after:
        return f"{told.model_id}: up to date with {_plain(after.provenance)}"
    return f"{told.model_id}: {before.commit[:8]} → {_plain(after.provenance)}"


def _moved(move: Move) -> str:
    by = f"by {_commit(move.commit)}"
    if move.path is None:
        return f"the recipe was deleted {by}"
    return f"the recipe was {'archived as' if move.is_archival else 'moved to'} `{_plain(move.path)}` {by}"


def _commits(touched: Sequence[Commit]) -> Iterator[str]:
    if touched:
        yield f"upstream commits that touched it: {len(touched)}"
    yield from (f"  {_commit(commit)}" for commit in touched[-_COMMITS:])


def _commit(commit: Commit) -> str:
    return f"{commit.commit[:8]} {commit.date} {_plain(commit.subject)}"


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    for kind in KINDS:
        of_kind = [change for change in changes if change.kind == kind]
        if of_kind:
            yield f"{_TITLES[kind]}:"
        yield from (f"  {_change(change)}" for change in of_kind)


def _change(change: Change) -> str:
    name = _plain(change.name)
    if change.kind == "steps":
        return f"{'+' if change.before is None else '-'} {name}"
    if change.kind in ("patches", "volumes"):
        before, after = (text and text.replace(f":{change.name}", "", 1) for text in (change.before, change.after))
        change = replace(change, before=before, after=after)
    if change.before is None:
        return f"+ {name}: {value(change.after)}"
    if change.after is None:
        absorbed = " (absorbed or dropped upstream)" if change.kind == "patches" else ""
        return f"- {name}: {value(change.before)}{absorbed}"
    return f"~ {name}: {value(change.before)} → {value(change.after)}"


def _overlay(told: Told) -> Iterator[str]:
    found = told.overlay
    for conflict in found.conflicts:
        yield (
            f"conflict: {conflict.kind} {_plain(conflict.name)}: it was {value(conflict.before)}, upstream is now "
            f"{value(conflict.after)}, the model has {value(conflict.own)}"
        )
    if told.before is None:
        yield from _compared(found)
    elif told.before != told.after or found.conflicts:
        names = ", ".join(_named(change) for change in found.redundant)
        if names:
            yield f"the model says again what upstream says: {names}"


def _compared(found: Overlay) -> Iterator[str]:
    """A recipe beside a model that says all itself, or next to nothing. What is run or shown is always told in full."""
    if found.redundant:
        told = found.only_upstream
        yield f"beside the model's own keys: {len(found.redundant)} equal"
    else:
        told = tuple(change for change in found.only_upstream if _is_told(change))
        counts = Counter(change.kind for change in found.only_upstream if not _is_told(change))
        yield "taken over: " + ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if kind in counts)
    for title, changes in (("only upstream", told), ("only here", found.only_own), ("different", found.different)):
        if changes:
            yield f"{title}:"
        yield from (f"  {change.kind} {_change(change)}" for change in changes)


def _is_told(change: Change) -> bool:
    """Whether it says what is run, what the container sees, or what is read for it on this machine."""
    return change.kind not in ("limits", "environment", "flags") or "${" in str(change.after)


def _named(change: Change) -> str:
    return f"{change.kind} {_plain(change.name)}"


def value(found: Any) -> str:
    """A value as a report shows it."""
    if found is None:
        return "nothing"
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    shown = _plain(text.removeprefix(f"./{FOLDER}/"))
    return f"`{shown[:_LENGTH]}…`" if len(shown) > _LENGTH else f"`{shown}`"


def _plain(text: str) -> str:
    flat = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in flat)


def as_data(told: Told) -> dict[str, Any]:
    """The report about one model for programs."""
    before, after, found = told.before, told.after, told.overlay
    moves = [{"path": move.path, "archived": move.is_archival, **_as_data(move.commit)} for move in told.trail.moves]
    return {
        "model": told.model_id,
        "drift": told.has_drifted,
        "gone": told.is_gone,
        "from": before and {"commit": before.commit, "date": before.date, "path": before.path},
        "to": after and {"commit": after.commit, "date": after.date, "path": after.path},
        "moves": moves,
        "commits": [_as_data(commit) for commit in told.trail.touched],
        "changes": [asdict(change) for change in told.changes],
        "conflicts": [asdict(conflict) for conflict in found.conflicts],
        "redundant": [asdict(change) for change in found.redundant],
        "different": [asdict(change) for change in found.different],
        "only_here": [asdict(change) for change in found.only_own],
        "only_upstream": [asdict(change) for change in found.only_upstream],
        "unknowns": list(told.new_unknowns),
        "damaged": list(told.damaged),
        "lock_edited": told.was_edited,
    }


def _as_data(commit: Commit) -> dict[str, str]:
    return {"commit": commit.commit, "date": commit.date, "subject": _plain(commit.subject)}
