"""What applies to one model: its own keys over the defaults of its engine.

`settings` and `environment` are merged, the model's winning; `null` in the model's drops the engine's value.
`devices`, `executable` and `environment_file` do not merge: the first two replace, both files are loaded, the engine's
first. The image's tag or digest is one choice: a model that gives either gives up the engine's, and one that gives
another image gives up the tag that belonged to the engine's image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remuda.spec.defaults import COMMAND, engine_name, runtime_name
from remuda.spec.engine import EngineDefaults
from remuda.spec.fleet import Fleet
from remuda.spec.lock import Locked
from remuda.spec.model import Model


@dataclass(frozen=True, slots=True)
class Effective:
    """One model with everything that applies to it; references are not resolved.

    `devices` is None where neither the model nor its engine names any. `image` is the full reference, or None where the
    image, or both tag and digest, are not given.
    """

    model_id: str
    entry: Model
    engine: str
    runtime: str
    settings: Mapping[str, Any]
    environment: Mapping[str, str]
    environment_files: tuple[str, ...]
    devices: tuple[str, ...] | None
    executable: str | None
    image: str | None
    locked: Locked | None = None


def effective(fleet: Fleet, model_id: str) -> Effective:
    """What applies to a model of a checked fleet; raises KeyError for an unknown one."""
    entry = fleet.models[model_id]
    engine = engine_name(entry.engine, cmd=entry.cmd, url=entry.url) or COMMAND
    defaults = fleet.engines.get(engine, EngineDefaults())
    files = (defaults.environment_file, entry.environment_file)
    return Effective(
        model_id=model_id,
        entry=entry,
        engine=engine,
        runtime=runtime_name(entry.runtime, url=entry.url),
        settings=merged_settings(defaults.settings, entry.settings),
        environment=merged_environment(defaults.environment, entry.environment),
        environment_files=tuple(file for file in files if file is not None),
        devices=defaults.devices if entry.devices is None else entry.devices,
        executable=entry.executable or defaults.executable,
        image=image_reference(defaults, entry),
        locked=fleet.locked.get(model_id),
    )


def flag(key: str) -> str:
    """A flag's identity: engines take `_` and `-` for the same."""
    return key.replace("_", "-")


def merged_settings(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults without what the model sets or drops, then what it sets."""
    replaced = {flag(key) for key in own}
    kept = {key: value for key, value in defaults.items() if flag(key) not in replaced}
    return {key: value for key, value in {**kept, **own}.items() if value is not None}


def merged_environment(defaults: Mapping[str, str], own: Mapping[str, str | None]) -> dict[str, str]:
    """The defaults under what the model sets, without what it removes."""
    return {name: value for name, value in {**defaults, **own}.items() if value is not None}


def image_reference(defaults: EngineDefaults, entry: Model) -> str | None:
    """`image@digest` or `image:tag`."""
    pinned = entry if entry.image or entry.tag or entry.digest else defaults
    image = entry.image or defaults.image
    if image and pinned.digest:
        return f"{image}@{pinned.digest}"
    return f"{image}:{pinned.tag}" if image and pinned.tag else None
