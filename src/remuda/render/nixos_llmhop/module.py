"""One engine with its models as the options of llmhop's module for it.

What all models of an engine share is said once, for the engine; llmhop merges as Remuda does, so nothing changes. Its
containers mount a cache and nothing else, run no lines before the engine, and pull one image: what needs more is
refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.plan.container import SHM_BYTES
from remuda.render.nixos_llmhop.options import IMAGES, OF_MODEL, of_engine, set_options
from remuda.render.quadlet.container import size
from remuda.render.quadlet.device import devices
from remuda.render.runtimes import without_image
from remuda.render.unsaid import is_set
from remuda.render.values import Values, source, values
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective

_PORTS: Final = {"vllm": 8000, "sglang": 30000}
_REFUSED: Final = {
    "volumes": "llmhop's containers mount its cache only",
    "steps": "llmhop's containers run the engine only",
    "executable": "llmhop runs the program of the image",
    "network": "llmhop's containers publish one port",
    "limits": "llmhop bounds no containers",
    "ready": "llmhop asks for `/health`",
    "unit": "llmhop's name of a unit is that of its model",
}


@dataclass(frozen=True, slots=True)
class Module:
    """An engine and its models, with the host's ports, for a host of which perhaps nothing is known."""

    engine: str
    defaults: EngineDefaults
    models: Sequence[Effective]
    ports: Mapping[str, int]
    host: Host

    def options(self) -> dict[str, Any]:
        """What differs from the defaults of the module."""
        read = {model.model_id: self._values(model) for model in self.models}
        shared_settings = self._shared("settings", {name: each.settings for name, each in read.items()})
        shared_environment = self._shared("environment", {name: each.environment for name, each in read.items()})
        own = self._of_engine()
        models = {}
        for model in self.models:
            settings = _without(read[model.model_id].settings, shared_settings)
            environment = _without(read[model.model_id].environment, shared_environment)
            given = {**self._of_model(model), "settings": settings, "environment": environment}
            models[model.model_id] = set_options(OF_MODEL, given, own)
        shared = {"modelSettings": shared_settings, "environment": shared_environment}
        return set_options(of_engine(self.engine), {**own, **shared, "models": models}, own)

    def problems(self) -> Iterator[Problem]:
        """What llmhop cannot be told."""
        yield from self._of_account()
        images = {model.entry.image or self.defaults.image for model in self.models}
        for model in self.models:
            yield from filter(None, [without_image(model, "llmhop's modules")])
            yield from _refused(model)
            yield from values(model, _PORTS[self.engine]).problems
            yield from _secrets(model)
            if len(images) > 1 and model.entry.image:
                path = ("models", model.model_id, "image")
                message = f"{label(path)} cannot be rendered: llmhop has one image for all models of an engine"
                yield Problem(message, path, hint="let them share one, and differ in `tag` or `digest`")

    def _of_account(self) -> Iterator[Problem]:
        if self.defaults.uid is None:
            path = ("engines", self.engine)
            message = f"{label(path)} needs `uid`: llmhop's units are those of a user of their own"
            yield Problem(message, path, hint="add `uid:` and `sub_uid_start:`, such as 503 and 300000")

    def _of_engine(self) -> dict[str, Any]:
        given = self.defaults
        image = next((model.entry.image for model in self.models if model.entry.image), given.image)
        return {
            "enable": True,
            "user": given.user or self.engine,
            "group": given.group or given.user or self.engine,
            "uid": given.uid,
            "gid": given.uid if given.gid is None else given.gid,
            "dataDir": given.data_dir,
            "cacheDir": given.cache_dir,
            "subUidStart": given.sub_uid_start,
            "subUidCount": given.sub_uid_count,
            "subGidStart": given.sub_uid_start if given.sub_gid_start is None else given.sub_gid_start,
            "subGidCount": given.sub_gid_count or given.sub_uid_count,
            "image": image,
            "tag": given.tag,
            "devices": self._devices(given.devices or ()),
            "environmentFile": given.environment_file,
            "openFilesLimit": given.open_files_limit,
            "startupOrdering": given.startup_ordering,
        }

    def _of_model(self, model: Effective) -> dict[str, Any]:
        entry = model.entry
        pinned = entry if entry.image or entry.tag or entry.digest else self.defaults
        return {
            "model": entry.model,
            "port": self.ports[model.model_id],
            "tag": None if pinned is self.defaults else entry.tag,
            "digest": pinned.digest,
            "devices": self._devices(model.devices or ()),
            "environmentFile": entry.environment_file,
            "shmSize": size(SHM_BYTES if entry.shm_size is None else entry.shm_size),
        }

    def _values(self, model: Effective) -> Values:
        """The values that llmhop passes on."""
        read = values(model, _PORTS[self.engine])
        given = devices(self.host, model.devices or ())
        return Values(read.settings, {**given.environment, **read.environment})

    def _shared(self, section: str, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The engine's own keys that every model has, with the value that they have where no model says another."""
        shared: dict[str, Any] = {}
        for key in getattr(self.defaults, section):
            inherited = [
                found[model.model_id].get(key) for model in self.models if key not in getattr(model.entry, section)
            ]
            if inherited and all(key in each for each in found.values()):
                first, *others = inherited
                shared |= {key: first} if all(_is_same(first, other) for other in others) else {}
        return shared

    def _devices(self, selectors: Sequence[str]) -> list[str]:
        return list(devices(self.host, selectors).entries)


def of_first(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as llmhop 1 takes them, which has no form for objects: they become texts of JSON."""
    models = {
        name: {**entry, **({"settings": _flat(entry["settings"])} if "settings" in entry else {})}
        for name, entry in options["models"].items()
    }
    shared = {"modelSettings": _flat(options["modelSettings"])} if "modelSettings" in options else {}
    return {**options, **shared, "models": models}


def lists(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The models and settings that are lists, which llmhop 1 repeats the flag for; both engines take the last only."""
    for name, entry in options["models"].items():
        for key, value in {**options.get("modelSettings", {}), **entry.get("settings", {})}.items():
            if isinstance(value, list | tuple):
                yield name, key


def takes(model: Effective) -> bool:
    """Whether llmhop runs such models in containers."""
    return model.engine in IMAGES and model.runtime == "podman"


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _compact(value) if isinstance(value, Mapping) else value for key, value in settings.items()}


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _without(found: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in shared or not _is_same(value, shared[key])}


def _refused(model: Effective) -> Iterator[Problem]:
    entry, path = model.entry, ("models", model.model_id)
    for key, reason in _REFUSED.items():
        if is_set(entry, key) and not (key == "unit" and entry.unit == model.model_id):
            yield Problem(f"{label((*path, key))} cannot be rendered: {reason}", (*path, key), hint=f"remove `{key}`")
    if (entry.model or "").startswith("/"):
        message = f"{label((*path, 'model'))} is on this machine, and {_REFUSED['volumes']}"
        yield Problem(message, (*path, "model"), hint="name a model of the hub")


def _secrets(model: Effective) -> Iterator[Problem]:
    for name in values(model, 0).secrets:
        path = source(model, "environment", name)
        message = f"{label(path)} is a secret, for which llmhop's modules have no option"
        yield Problem(message, path, hint="write it to a file, and name that as `environment_file`")
