"""Reads a compose file: every service that runs a known engine becomes a model.

What compose replaces (variables, `.env`, `extends`, anchors) is replaced, with the values that whoever runs this has,
but for secrets, which stay references. Services that `docker compose up` starts are loaded at the start here too.
Services that are no engines are left out and named. `include` and further files of a project are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt import naming
from remuda.adapt.around import Ports
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
    fleet = _Fleet()
    for name in opened.services:
        if not source.only or name in source.only:
            found = model(opened, name, report, is_wanted=name in source.only)
            if found is not None:
                fleet.add(name, found)
    _waits(opened, fleet.services, report)
    for name in sorted(source.only - set(opened.services)):
        report.refuse(Value(None, source.path, None), f"there is no service `{name}`", "see `docker compose config`")
    if not fleet.models and not report.has_errors:
        report.refuse(Value(None, source.path, None), "the file has no service that runs a known engine")
    return Adapted({"models": fleet.models} if fleet.models else {}, fleet.notes, tuple(report))


@dataclass(slots=True)
class _Fleet:
    """The models so far; no name and no port is given twice."""

    models: dict[str, Any] = field(default_factory=dict)
    notes: dict[Path, str] = field(default_factory=dict)
    services: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _ports: Ports = field(default_factory=Ports)

    def add(self, service: str, found: Model) -> None:
        entry = dict(found.entry)
        model_id = self._model_id(service, found.names)
        if "unit" not in entry and (unit := naming.unit(model_id, entry)):
            entry["unit"] = unit
        if others := [name for name in found.names if name not in (model_id, *self._taken)]:
            entry["aliases"] = others
        if found.starts:
            entry["preload"] = True
        if note := self._ports.settle(entry):
            self.notes["models", model_id] = note
        self.models[model_id] = entry
        self.services.append(service)
        self._taken |= {model_id, *others}
        self.notes |= {("models", model_id, *path): note for path, note in found.notes.items() if path[0] in entry}

    def _model_id(self, service: str, names: tuple[str, ...]) -> str:
        wanted = (name for name in (*names, service) if name not in self._taken and re.fullmatch(NAME_PATTERN, name))
        return next(wanted, None) or naming.free(names[0], self._taken)


def _waits(opened: Project, taken: Collection[str], report: Report) -> None:
    """Say which services wait for others that are not taken over; Remuda orders engines by itself."""
    for name in taken:
        others = opened.service(name, Report()).get("depends_on")
        for other in others.pairs or {item.text: item for item in others.items}:
            if other not in taken:
                report.warn(others, f"`{name}` waits for `{other}`, which is not taken over", "start it by itself")


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
