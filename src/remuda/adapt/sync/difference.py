"""Two entries of one model, told apart by what people look at: image, limits, variables, flags, patches, steps.

An entry is taken apart into items, each with a name that stays the same while its value changes. `None` stands for what
is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from remuda.adapt.sync.recipe import FOLDER, MADE
from remuda.spec.layer import kept_steps, merge, target
from remuda.spec.lock import KEYS

Kind = Literal["image", "limits", "environment", "flags", "patches", "volumes", "steps", "keys"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""In the order of a report."""

Name = tuple[str, str]
"""The key of the entry, and the name under it; empty where the key has one value."""

_LIMITS: Final = frozenset(
    {"max-model-len", "gpu-memory-utilization", "ctx-size", "context-length", "mem-fraction-static"}
)
_IMAGE: Final = ("image", "tag", "digest")
_PATCH: Final = re.compile(rf"\./{re.escape(FOLDER)}/[^/]+/(?!{MADE}/)")
_OWN_PLACE: Final = re.compile(rf"\./{re.escape(FOLDER)}/[^/]+/{MADE}/")


@dataclass(frozen=True, slots=True)
class Change:
    """One item with its values before and after."""

    kind: Kind
    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """An item that the model sets itself, and that has changed upstream since."""

    kind: Kind
    name: str
    before: Any
    after: Any
    own: Any


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a model's own keys come to over its recipe: what is in conflict, what says nothing, what says otherwise."""

    conflicts: tuple[Conflict, ...] = ()
    redundant: tuple[Change, ...] = ()
    different: tuple[Change, ...] = ()
    only_own: tuple[Change, ...] = ()
    only_upstream: tuple[Change, ...] = ()


def items(entry: Mapping[str, Any]) -> dict[Name, Any]:
    """The items of an entry."""
    return dict(_items(entry))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What is different, in the order of a report."""
    old, new = items(before), items(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    found = [
        Change(kind(name, old.get(name), new.get(name)), _shown(name), old.get(name), new.get(name)) for name in names
    ]
    steps = [entry.get("steps", []) for entry in (before, after)]
    if steps[0] != steps[1] and not any(change.kind == "steps" for change in found):
        found.append(Change("keys", "steps, in another order", *steps))
    return tuple(sorted(found, key=lambda change: KINDS.index(change.kind)))


def overlay(own: Mapping[str, Any], before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Overlay:
    """What a model's own keys come to over a recipe; without `before`, nothing can be in conflict."""
    new, old = items(after), items(after if before is None else before)
    mine = _own(own, after)
    conflicts, redundant, different, only_own = [], [], [], []
    for name, value in mine.items():
        what, base, now = kind(name, old.get(name), new.get(name)), old.get(name), new.get(name)
        change = Change(what, _shown(name), now, value)
        if value == now:
            redundant.append(change)
        elif base != now:
            conflicts.append(Conflict(what, _shown(name), base, now, value))
        elif now is None:
            only_own.append(change)
        elif not _OWN_PLACE.match(str(now)):
            different.append(change)
    for step, was_there in _dropped(own, {} if before is None else before, after):
        dropping = f"drop_steps: {step}"
        if was_there:
            conflicts.append(Conflict("steps", dropping, step, None, "dropped"))
        else:
            redundant.append(Change("steps", dropping, None, step))
    theirs = (
        Change(kind(name, None, value), _shown(name), None, value) for name, value in new.items() if name not in mine
    )
    return Overlay(tuple(conflicts), tuple(redundant), tuple(different), tuple(only_own), tuple(theirs))


def _items(entry: Mapping[str, Any]) -> Iterator[tuple[Name, Any]]:
    if "image" in entry:
        yield ("image", ""), reference(entry)
    for key, value in entry.items():
        if key not in KEYS or key in _IMAGE:
            continue
        if key in ("settings", "environment") and isinstance(value, Mapping):
            yield from (((key, _flag(name) if key == "settings" else name), text) for name, text in value.items())
        elif key == "volumes" and isinstance(value, list):
            yield from (((key, target(volume)), volume) for volume in value)
        elif key == "steps" and isinstance(value, list):
            yield from (((key, step.strip()), step.strip()) for step in value if isinstance(step, str))
        else:
            yield (key, ""), value


def _own(own: Mapping[str, Any], after: Mapping[str, Any]) -> dict[Name, Any]:
    """The items that a model sets itself; its image is what comes of its parts."""
    mine = {name: value for name, value in items(own).items() if name[0] != "image"}
    if any(key in own for key in _IMAGE):
        mine["image", ""] = reference(merge(after, own).data)
    return mine


def _dropped(own: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Steps that are dropped and not there, and whether they were."""
    source = own.get("source")
    for step in (source.get("drop_steps") or ()) if isinstance(source, dict) else ():
        one = {"drop_steps": [step]}
        if len(kept_steps(after, one)) == len(after.get("steps", ())):
            yield step.strip(), len(kept_steps(before, one)) < len(before.get("steps", ()))


def kind(name: Name, before: Any, after: Any) -> Kind:
    """Under which heading an item is told."""
    key, inner = name
    match key:
        case "image" | "environment" | "steps":
            return key
        case "settings":
            return "limits" if inner in _LIMITS else "flags"
        case "volumes":
            return "patches" if any(_PATCH.match(str(value)) for value in (before, after)) else "volumes"
    return "keys"


def reference(entry: Mapping[str, Any]) -> str:
    """The image as one text."""
    end = f"@{entry['digest']}" if entry.get("digest") else f":{entry['tag']}" if entry.get("tag") else ""
    return f"{entry.get('image', '')}{end}"


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _shown(name: Name) -> str:
    key, inner = name
    return inner or key
