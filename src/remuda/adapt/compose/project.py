"""A compose project: one file, the files that its services extend, `.env`, and the services with all that they say.

Source: compose-spec/compose-go, cli/options.go (`.env` is beside the compose file; the variables of whoever runs
compose come over it) and loader/loader.go.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt.compose import extends
from remuda.adapt.compose.document import File, load
from remuda.adapt.compose.env_file import EnvFileError, parse
from remuda.adapt.compose.environment import Budget
from remuda.adapt.compose.places import Places
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.compose.variables import Variables
from remuda.adapt.contract import Source

MAX_SERVICES: Final = 2000
DOT_ENV: Final = ".env"
DEFAULTS: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The files that compose looks for in a directory, the one that it takes first."""


@dataclass(slots=True)
class Project:
    """One compose file on its way. `main` is None for a file that is none; the report says why."""

    source: Source
    report: Report
    variables: Variables
    main: File | None = None
    budget: Budget = field(default_factory=Budget)
    _opened: dict[PurePosixPath, File | None] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """Where the paths of the project begin."""
        return Places(self.source.path, self.source.directory, self.source.environment.get("HOME"))

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services."""
        return tuple(self.main.document.mapping("services")) if self.main else ()

    def service(self, name: str, report: Report) -> Value:
        """A service with all that it extends, and its variables replaced."""
        if self.main is None:
            return Value(None, self.source.path, None)
        return extends.resolved(self.main, name, lambda path, asking: self._open(path, asking, report), report)

    def declared(self, service: Value, report: Report) -> Value:
        """The files and texts that a service may name: the file's `configs` and `secrets`, as far as it uses them."""
        kinds = [kind for kind in ("configs", "secrets") if service.get(kind).items]
        return service.of({kind: self.main.value((kind,), report) for kind in kinds} if self.main else {})

    def raw(self, name: str) -> Value:
        """A service as it is written, without what it extends."""
        return self.main.raw(("services", name)) if self.main else Value(None, self.source.path, None)

    def _open(self, path: PurePosixPath, asking: Value, report: Report) -> File | None:
        inside = PurePosixPath(posixpath.normpath(path))
        if inside not in self._opened:
            content = None if inside.parts[:1] == ("..",) else self.source.files.read(inside)
            if content is None:
                report.refuse(asking, f"there is no file `{asking.text}` here")
            self._opened[inside] = None if content is None else load(content, inside, self.variables, report)
        return self._opened[inside]


def project(source: Source) -> Project:
    """The project of a compose file, or of a directory that has one."""
    source = _chosen(source)
    report = Report()
    variables = Variables(source.environment, _dot_env(source, report))
    opened = Project(source, report, variables)
    content = source.files.read(source.path)
    here = Value(None, source.path, None)
    if content is None:
        report.refuse(here, f"cannot read `{source.path}`: there is no such file, or it may not be read")
        return opened
    opened.main = load(content, source.path, variables, report)
    if opened.main is not None and not isinstance(opened.main.document.find(("services",)), dict):
        report.refuse(opened.main.raw(("services",)), "the file has no services: expected a mapping with `services`")
    if len(opened.services) > MAX_SERVICES:
        report.refuse(here, f"cannot read more than {MAX_SERVICES} services")
        opened.main = None
    return opened


def _chosen(source: Source) -> Source:
    """For a directory, the file in it that compose would take."""
    there = source.files.names(source.path)
    name = next((name for name in DEFAULTS if name in there), None)
    return source if name is None else replace(source, path=source.path / name)


def _dot_env(source: Source, report: Report) -> dict[str, str]:
    path = source.path.parent / DOT_ENV
    content = source.files.read(path)
    if content is None:
        return {}
    try:
        return dict(parse(content.decode(errors="replace"), source.environment.get))
    except EnvFileError as error:
        report.refuse(Value(None, path, error.position), error.message, error.hint)
        return {}
