"""Reads a compose file: every service that runs a known engine becomes a model.

What compose replaces (variables, `.env`, `extends`, anchors) is replaced, with the values that whoever runs this has,
but for secrets, which stay references. Services that `docker compose up` starts are loaded at the start here too.
Services that are no engines are left out and named. `include` and further files of a project are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt import naming
from remuda.adapt.compose.model import Model, model
from remuda.adapt.compose.project import Project, project
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.contract import Adapted, Remark, Source
from remuda.spec.document import Path
from remuda.spec.values import NAME_PATTERN

NAME: Final = "compose"
SUMMARY: Final = "services of a compose file that run a known engine"

_TOP: Final = frozenset({"services", "name", "version", "volumes", "configs", "secrets", "networks"})


@dataclass(frozen=True, slots=True)
class Derived:
    """What one service gives to a model, where nothing is known but the files.

    `entry` is its entry in the fleet, paths in it relative to the root of the files and beginning with `./`. `files`
    are those that it mounts or reads variables from; `remarks` what could not be known, or is not taken over.
    """

    entry: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    notes: Mapping[Path, str] = field(default_factory=dict)
    files: tuple[PurePosixPath, ...] = ()
    remarks: tuple[Remark, ...] = ()


def adapt(source: Source) -> Adapted:
    """The fleet."""
    opened = project(source)
    report = opened.report
    _top(opened, report)
    models: dict[str, Any] = {}
    taken: set[str] = set()
    ports: set[object] = set()
    notes: dict[Path, str] = {}
    for name in opened.services:
        if source.only and name not in source.only:
            continue
        found = model(opened, name, report, is_wanted=name in source.only)
        if found is None:
            continue
        model_id = _model_id(name, found, taken)
        models[model_id] = _with_names(found, model_id, taken)
        taken |= {model_id, *models[model_id].get("aliases", ())}
        port = models[model_id].get("port")
        if port is not None and port in ports:
            del models[model_id]["port"]
            notes["models", model_id] = f"on port {port} there, which another model has too"
        ports.add(port)
        notes |= {("models", model_id, *path): note for path, note in found.notes.items()}
    for name in sorted(source.only - set(opened.services)):
        report.refuse(Value(None, source.path, None), f"there is no service `{name}`", "see `docker compose config`")
    if not models and not report.has_errors:
        report.refuse(Value(None, source.path, None), "the file has no service that runs a known engine")
    return Adapted({"models": models} if models else {}, notes, tuple(report))


def derive(source: Source, service: str) -> Derived:
    """What one service gives, whatever it runs; with an error among the remarks it gives nothing that can be used.

    The commit of a repository is just another `Files`. No environment is looked at but that of the source.
    """
    opened = project(replace(source, directory=None))
    if service not in opened.services:
        if opened.main is not None:
            opened.report.refuse(Value(None, source.path, None), f"there is no service `{service}`")
        return Derived(remarks=tuple(opened.report))
    found = model(opened, service, opened.report, is_wanted=True)
    if found is not None:
        _outside(opened, opened.service(service, Report()))
    remarks = tuple(opened.report)
    if found is None:
        return Derived(remarks=remarks)
    return Derived(found.entry, found.names, found.notes, found.files, remarks)


def _outside(opened: Project, service: Value) -> None:
    """Say which relative paths lead out of the files."""
    for volume in service.get("volumes").items:
        path = volume.get("source").text or volume.text.partition(":")[0]
        if path.startswith(".") and opened.places.in_files(path, volume) is None:
            opened.report.warn(volume, f"`{path}` is outside of the files that are read")


def _top(opened: Project, report: Report) -> None:
    if opened.main is None:
        return
    for key, value in opened.main.raw(()).pairs.items():
        if key == "include":
            report.warn(value, "`include` is not followed", "import the other files by themselves")
        elif key not in _TOP and not key.startswith("x-"):
            report.warn(value, f"`{key}` is left out: it is not about services")


def _model_id(name: str, found: Model, taken: AbstractSet[str]) -> str:
    usable = (each for each in (*found.names, name) if each not in taken and re.fullmatch(NAME_PATTERN, each))
    return next(usable, None) or naming.free(name, taken)


def _with_names(found: Model, model_id: str, taken: AbstractSet[str]) -> dict[str, Any]:
    entry = dict(found.entry)
    if "unit" not in entry and (unit := naming.unit(model_id, entry)):
        entry["unit"] = unit
    if others := [each for each in found.names if each not in (model_id, *taken)]:
        entry["aliases"] = others
    if found.starts:
        entry["preload"] = True
    return entry
