"""One model's sync: its entry in the lock, its recipe now and its own keys → the next entry, and what to tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from remuda.adapt.sync.difference import Change, Overlay, changes, overlay
from remuda.adapt.sync.recipe import Asked, Recipe
from remuda.adapt.sync.trail import Trail
from remuda.spec.lock import Locked


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found upstream for one model. `recipe` is None where it is gone; `trail` has what befell its file."""

    url: str
    commit: str
    date: str
    trail: Trail
    recipe: Recipe | None


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell of one model.

    `before` and `after` are entries of the lock; `before` is None at the first sync. `damaged`: files that were brought
    along and are not there any more as they were. `was_edited`: somebody edited the lock.
    """

    model_id: str
    before: Locked | None
    after: Locked | None
    trail: Trail
    changes: tuple[Change, ...] = ()
    overlay: Overlay = field(default_factory=Overlay)
    new_unknowns: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    was_edited: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether the recipe is not there any more."""
        return self.trail.path is None

    @property
    def has_drifted(self) -> bool:
        """Whether a sync would change anything, or cannot."""
        return self.is_gone or self.before != self.after or bool(self.damaged)


def told(
    model_id: str, own: Mapping[str, Any], locked: Locked | None, base: Mapping[str, Any] | None, looked: Looked
) -> Told:
    """The next entry of a model and what there is to tell. `base`: what its recipe gave when it was last looked at.

    An entry that would differ in its commit alone stays as it is, so that what is made of it stays the same.
    """
    was_edited = locked is not None and not locked.is_untouched
    if looked.recipe is None or looked.trail.path is None:
        return Told(model_id, locked, locked, looked.trail, was_edited=was_edited)
    asked = asked_of(own)
    after = _entry(asked, looked, looked.trail.path)
    if locked is not None and not was_edited and _but_commit(locked) == _but_commit(after):
        after = locked
    return Told(
        model_id=model_id,
        before=locked,
        after=after,
        trail=looked.trail,
        changes=() if base is None else changes(base, after.derived),
        overlay=overlay(own, base, after.derived),
        new_unknowns=tuple(text for text in after.unknowns if locked is None or text not in locked.unknowns),
        was_edited=was_edited,
    )


def asked_of(own: Mapping[str, Any]) -> Asked:
    """What a model's `source` asks for."""
    source = own["source"]
    return Asked(source["upstream"], source["path"], source.get("service"), source.get("variables") or {})


def _entry(asked: Asked, looked: Looked, path: str) -> Locked:
    assert looked.recipe is not None  # noqa: S101 (its caller has looked)
    return Locked(
        upstream=asked.upstream,
        url=looked.url,
        commit=looked.commit,
        date=looked.date,
        path=path,
        path_before=asked.path if asked.path != path else None,
        service=asked.service,
        variables=dict(asked.variables),
        recipe=looked.recipe.digest,
        derived=dict(looked.recipe.derived),
        files=looked.recipe.hashes,
        directories=looked.recipe.directories,
        unknowns=looked.recipe.unknowns,
    ).sealed()


def _but_commit(entry: Locked) -> Locked:
    return msgspec.structs.replace(entry, commit="", date="", path_before=None, hash="")
