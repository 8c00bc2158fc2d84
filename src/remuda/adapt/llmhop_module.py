"""llmhop as its modules for NixOS configure it: `services.llmhop` with its engines in containers, and its router.

The options are those that a configuration sets; their defaults are llmhop's, and as far as they differ from Remuda's
they are said. The router's own settings go through the adapter of its configuration. Engines that llmhop runs without a
container are not taken over: they are built by Nix, and a fleet file would not know how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from remuda.adapt import llmhop
from remuda.adapt.container import byte_size
from remuda.adapt.contract import Adapted, Remark, Source
from remuda.adapt.module_text import options, with_data
from remuda.engines import sglang, vllm
from remuda.errors import Problem
from remuda.spec.document import Path
from remuda.spec.reference import literal

_SUFFIX: Final = "-quadlet"
_IMAGES: Final = {vllm.NAME: "docker.io/vllm/vllm-openai", sglang.NAME: "docker.io/lmsysorg/sglang"}
_ROUTER: Final = frozenset({"enable", "settings", "package", "portsRegistry", "unitsRegistry"})
_OF_ENGINE: Final = {
    "image": "image",
    "tag": "tag",
    "devices": "devices",
    "environment": "environment",
    "environmentFile": "environment_file",
    "modelSettings": "settings",
    "cacheDir": "cache_dir",
    "user": "user",
    "group": "group",
    "uid": "uid",
    "gid": "gid",
    "dataDir": "data_dir",
    "subUidStart": "sub_uid_start",
    "subUidCount": "sub_uid_count",
    "subGidStart": "sub_gid_start",
    "subGidCount": "sub_gid_count",
    "openFilesLimit": "open_files_limit",
    "startupOrdering": "startup_ordering",
}
_OF_MODEL: Final = {
    "enable": "enabled",
    "model": "model",
    "port": "port",
    "name": "unit",
    "tag": "tag",
    "digest": "digest",
    "devices": "devices",
    "settings": "settings",
    "environment": "environment",
    "environmentFile": "environment_file",
    "shmSize": "shm_size",
}
_TEXTS: Final = frozenset({"settings", "environment"})


def adapt(source: Source) -> Adapted:
    """The fleet."""
    found = options(source)
    if "models" in found:
        return llmhop.adapt(with_data(source, found))
    engines = {name: each for name, each in found.items() if name not in _ROUTER and isinstance(each, dict)}
    taken = {name: each for name, each in engines.items() if _engine(name, each)}
    remarks = [Remark(source.path.name, problem) for problem in _problems(engines, taken)]
    models = {key: entry for name, each in taken.items() for key, entry in _models(_engine(name, each), each)}
    settings = found.get("settings", {})
    urls = {key: {"url": f"http://127.0.0.1:{entry.get('port')}"} for key, entry in models.items()}
    made = llmhop.adapt(with_data(source, {**settings, "models": {**urls, **settings.get("models", {})}}))
    data = {
        **made.data,
        "engines": {_engine(name, each): _defaults(_engine(name, each), each) for name, each in taken.items()},
        "models": {**made.data.get("models", {}), **models},
    }
    return Adapted({key: each for key, each in data.items() if each}, made.notes, (*made.remarks, *remarks))


def _engine(name: str, module: Mapping[str, Any]) -> str:
    """The engine of a module for containers; empty for another one. Up to 1.3 they had no suffix, but a user."""
    engine = name.removesuffix(_SUFFIX)
    return engine if engine in _IMAGES and (name.endswith(_SUFFIX) or "uid" in module) else ""


def _defaults(engine: str, module: Mapping[str, Any]) -> dict[str, Any]:
    return _renamed({"image": _IMAGES[engine], **module}, _OF_ENGINE)


def _models(engine: str, module: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, model in module.get("models", {}).items():
        entry = _renamed(model, _OF_MODEL)
        shared = {"shm_size": byte_size(entry["shm_size"])} if "shm_size" in entry else {}
        yield name, {"engine": engine, "runtime": "podman", **entry, **shared}


def _renamed(module: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What is set, by our names. A text of theirs refers to nothing."""
    return {
        ours: _literal(module[theirs]) if ours in _TEXTS else module[theirs]
        for theirs, ours in names.items()
        if module.get(theirs) is not None
    }


def _literal(data: Any) -> Any:
    if isinstance(data, str):
        return literal(data)
    if isinstance(data, Mapping):
        return {key: _literal(each) for key, each in data.items()}
    return [_literal(each) for each in data] if isinstance(data, list) else data


def _problems(engines: Mapping[str, Any], taken: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted(engines.keys() - taken.keys()):
        message = f"`services.llmhop.{name}` is not taken over: its engine is no container of llmhop's"
        yield Problem(message, hint="write its models by hand", severity="warning")
    for name, module in taken.items():
        path: Path = ("engines", _engine(name, module))
        if "devices" not in module:
            message = f"`services.llmhop.{name}.devices` is not set, which means all GPUs where NVIDIA's toolkit is on"
            yield Problem(message, path, hint="add `devices: [cuda:all]`, or `[cpu]`", severity="warning")
        known = {"enable", "models", *_OF_ENGINE}
        yield from (_unknown(f"services.llmhop.{name}.{key}") for key in sorted(module.keys() - known))
        for model, entry in module.get("models", {}).items():
            where = f"services.llmhop.{name}.models.{model}"
            yield from (_unknown(f"{where}.{key}") for key in sorted(entry.keys() - _OF_MODEL.keys()))


def _unknown(option: str) -> Problem:
    return Problem(f"`{option}` is not taken over: Remuda knows no such option", severity="warning")
