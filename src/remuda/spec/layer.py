"""Lays what recipes gave under the models that have a `source`, before a document is judged.

The model's own keys win: `settings` and `environment` by their names, where `null` takes the recipe's away; a volume
over the one at the same place in the container; an image over the recipe's tag, which belonged to another. Own steps
run after the recipe's. Every other key replaces the recipe's. The engine's defaults lie below both, as ever.

What comes from a recipe has no position; a problem with it is shown at its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Position, Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label
from remuda.spec.lock import Lock, Locked, LockError, read

_IMAGE: Final = frozenset({"tag", "digest"})
_HINT: Final = "run `remuda sync`"


def layer(document: Document, lock: Lock) -> Document:
    """The document with everything that the lock gives its models; what is wrong with the lock is in its problems."""
    sources = {
        model_id: keys["source"]
        for model_id, keys in document.mapping("models").items()
        if isinstance(keys, dict) and isinstance(keys.get("source"), dict)
    }
    if not sources:
        return document
    try:
        entries = read(lock.content)
    except LockError as error:
        path: Path = ("models", next(iter(sources)), "source")
        problem = document.problem_of_key(path, f"cannot use `{lock.name}`: it {error}", hint=_HINT)
        return replace(document, problems=(*document.problems, problem), locked=dict.fromkeys(sources))
    layers = _Layers(document, lock, dict(document.values))
    for model_id, source in sources.items():
        layers.add(model_id, source, entries.get(model_id))
    return layers.result()


@dataclass(slots=True)
class _Layers:
    """The models so far."""

    document: Document
    lock: Lock
    values: dict[Path, Position]
    models: dict[str, Any] = field(default_factory=dict)
    locked: dict[str, Locked | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, model_id: str, source: Mapping[str, Any], entry: Locked | None) -> None:
        path = ("models", model_id, "source")
        wrong = _wrong(model_id, source, entry, self.lock.name)
        self.locked[model_id] = None if wrong else entry
        if wrong or entry is None:
            self.problems.append(self.document.problem_of_key(path, f"{label(path)} {wrong}", hint=_HINT))
            return
        own = self.document.mapping("models", model_id)
        derived = placed(entry.derived, self.lock.directory)
        merged = merge(derived, own)
        self.models[model_id] = merged.data
        for key, places in merged.moved.items():
            self.move((*path[:2], key), places)

    def move(self, path: Path, places: Mapping[int, int]) -> None:
        """Give the items of a list their new places; what comes from a recipe has none."""
        found = {new: self.values.pop((*path, old), None) for old, new in places.items()}
        self.values |= {(*path, new): position for new, position in found.items() if position}

    def result(self) -> Document:
        models = {**self.document.mapping("models"), **self.models}
        return replace(
            self.document,
            data={**self.document.data, "models": models},
            values=self.values,
            problems=(*self.document.problems, *self.problems),
            locked=self.locked,
        )


def _wrong(model_id: str, source: Mapping[str, Any], entry: Locked | None, name: str) -> str | None:
    if entry is None:
        return f"is not in `{name}`: nothing is known of the recipe of `{model_id}` yet"
    if not entry.is_untouched:
        return f"has an entry in `{name}` that somebody edited: what is to be different belongs into the model itself"
    return None if is_of(entry, source) else f"is not what `{name}` was made for"


def is_of(entry: Locked, source: Mapping[str, Any]) -> bool:
    """Whether the entry of a lock is what such a `source` asks for."""
    asked = (source.get("upstream"), source.get("service"), source.get("variables") or {})
    is_there = source.get("path") in (entry.path, entry.path_before or entry.path)
    return is_there and asked == (entry.upstream, entry.service, entry.variables)


@dataclass(frozen=True, slots=True)
class Merged:
    """The entry of a model over its recipe; `moved`: new places of the items of its own lists."""

    data: Mapping[str, Any]
    moved: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


def merge(derived: Mapping[str, Any], own: Mapping[str, Any]) -> Merged:
    """What a model says itself over what its recipe says."""
    data = {key: value for key, value in derived.items() if key not in _replaced(own)} | dict(own)
    moved: dict[str, Mapping[int, int]] = {}
    for key in ("settings", "environment"):
        if isinstance(own.get(key), dict):
            data[key] = {**without(derived.get(key, {}), own[key]), **own[key]}
    if isinstance(own.get("volumes"), list):
        data["volumes"], moved["volumes"] = _volumes(derived.get("volumes", []), own["volumes"])
    steps = kept_steps(derived, own.get("source"))
    extra = own.get("steps", [])
    if isinstance(extra, list) and (steps or extra):
        data["steps"] = [*steps, *extra]
        moved["steps"] = {number: number + len(steps) for number in range(len(extra))}
    elif "steps" in data and "steps" not in own:
        del data["steps"]
    return Merged(data, {key: dict(sorted(places.items(), reverse=True)) for key, places in moved.items()})


def kept_steps(derived: Mapping[str, Any], source: object) -> list[str]:
    """The steps of a recipe without those that a `source` drops."""
    dropped = source.get("drop_steps") if isinstance(source, dict) else None
    gone = {step.strip() for step in dropped if isinstance(step, str)} if isinstance(dropped, list) else set()
    return [step for step in derived.get("steps", []) if step.strip() not in gone]


def _replaced(own: Mapping[str, Any]) -> frozenset[str]:
    """The parts of an image that own ones make meaningless: a tag is of its image, and excludes a digest."""
    return _IMAGE if "image" in own or _IMAGE & own.keys() else frozenset()


def without(derived: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a recipe's settings or variables beside own ones; flags have `_` for `-` as well."""
    names = {key.replace("_", "-") for key in own}
    return {key: value for key, value in derived.items() if key.replace("_", "-") not in names}


def target(volume: object) -> str:
    """Where a container sees a volume."""
    source, _, rest = str(volume).partition(":")
    return rest.partition(":")[0] or source


def _volumes(derived: list[str], own: list[str]) -> tuple[list[str], dict[int, int]]:
    places = {target(volume): number for number, volume in enumerate(derived)}
    found, moved = list(derived), {}
    for number, volume in enumerate(own):
        place = places.get(target(volume), len(found))
        found[place : place + 1] = [volume]
        moved[number] = place
    return found, moved


def placed(derived: Mapping[str, Any], directory: PurePosixPath | None) -> dict[str, Any]:
    """A derived entry with its paths made absolute, which begin where the lock is."""
    if directory is None:
        return dict(derived)

    def absolute(text: Any) -> Any:
        is_ours = isinstance(text, str) and text.startswith("./")
        return f"{directory}/{text.removeprefix('./')}" if is_ours else text

    found = {**derived, **{key: absolute(derived[key]) for key in ("model", "environment_file") if key in derived}}
    if "volumes" in derived:
        found["volumes"] = [absolute(volume) for volume in derived["volumes"]]
    return found


def unlocked(document: Document) -> Iterator[str]:
    """The models of which nothing can be said but that their recipe is not known."""
    return (model_id for model_id, entry in document.locked.items() if entry is None)
