"""The environment of a service: its `environment` over its files, and what its bare names stand for.

A file that Remuda reads as compose does stays a file, since it may hold secrets. One that it would read otherwise
(quotes, variables, comments behind values) is read here, all but its secrets, which stay references. A bare name takes
the value of whoever runs compose; without one it is absent, which is not the same as empty: vLLM refuses some variables
that are empty.

Source: compose-spec/compose-go, types/project.go (WithServicesEnvironmentResolved).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt.compose.env_file import EnvFileError, parse
from remuda.adapt.compose.extends import as_mapping
from remuda.adapt.compose.places import Places
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.compose.variables import MARK, Variables, is_secret, mark
from remuda.adapt.contract import Files

MAX_FILES: Final = 50
"""How many files of variables one service may name."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of a service, secrets marked, and the file that has others; `files`: which it is of the files."""

    variables: Mapping[str, str]
    file: str | None = None
    files: tuple[PurePosixPath, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    origin: Value
    path: str
    content: Mapping[str, str] | None
    is_plain: bool
    inside: PurePosixPath | None


@dataclass(slots=True)
class Budget:
    """How much may still be read of files of variables, for all services together."""

    left_bytes: int = 2 * 2**20

    def spend(self, size_bytes: int) -> bool:
        """Whether so much may be read."""
        self.left_bytes -= size_bytes
        return self.left_bytes >= 0


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading an environment takes."""

    files: Files
    places: Places
    known: Variables
    report: Report
    budget: Budget = field(default_factory=Budget)

    def read(self, service: Value) -> Environment:
        """The environment of a service."""
        own, absent = self._own(service.get("environment"))
        read = [file for item in self._listed(service) if (file := self._file(item, own)) is not None]
        kept = read[-1] if read and (read[-1].content is None or read[-1].is_plain) else None
        variables: dict[str, str] = {}
        for file in read:
            if file is not kept:
                variables |= self._inlined(file)
        if kept is not None:
            variables = {name: value for name, value in variables.items() if name not in (kept.content or {})}
        variables = {name: value for name, value in {**variables, **own}.items() if name not in absent}
        if kept is None:
            return Environment(variables)
        return Environment(variables, kept.path, (kept.inside,) if kept.inside else ())

    def _own(self, environment: Value) -> tuple[dict[str, str], set[str]]:
        """The variables that a service sets, and the names that it passes on and nobody has set."""
        own, absent = {}, set()
        for name, value in as_mapping(environment).pairs.items():
            if not _NAME.fullmatch(name):
                if name:
                    self.report.warn(value, f"the variable `{name}` is left out: a name has letters, digits and `_`")
            elif value.data is not None:
                own[name] = value.text
            elif (passed := self.known.discreet(name)) is not None:
                own[name] = passed
                if MARK in passed:
                    self.report.warn(value, f"`{name}` is a secret: it stays `${{env:{name}}}`", _SET)
            else:
                absent.add(name)
                message = f"`{name}` is passed on where it is set, which it is not: it is left out"
                self.report.warn(value, message, f"write `{name}: ${{env:{name}}}` to pass it on")
        return own, absent

    def _listed(self, service: Value) -> Iterable[Value]:
        """The files that a service names, each once, where it was named first."""
        listed = service.get("env_file")
        found = {(item.get("path") if item.pairs else item).text: item for item in reversed(listed.items)}
        if len(found) > MAX_FILES:
            self.report.refuse(listed, f"cannot read more than {MAX_FILES} files of variables")
            return ()
        return reversed(found.values())

    def _file(self, item: Value, own: Mapping[str, str]) -> _Read | None:
        path = item.get("path") if item.pairs else item
        inside = self.places.in_files(path.text, path)
        content = None if inside is None else self.files.read(inside)
        if inside is not None and content is None:
            if item.get("required").text != "false":
                self.report.warn(path, f"there is no file `{path.text}` here, so its variables are not known")
            return None
        where = self.places.on_host(path.text, path)
        if content is not None and not self.budget.spend(len(content)):
            self.report.refuse(path, "cannot read so many variables: expected 2 MiB in all files together")
            return None
        if content is None:
            return _Read(path, where, None, False, None)  # noqa: FBT003  a field
        text = content.decode(errors="replace")
        is_raw = item.get("format").text == "raw"
        try:
            found = _literally(text) if is_raw else parse(text, lambda name: self._looked_up(name, own))
        except EnvFileError as error:
            there = Value(None, inside or path.file, error.position)
            self.report.refuse(there, error.message, error.hint)
            return None
        return _Read(path, where, found, found == _literally(text), inside)

    def _looked_up(self, name: str, own: Mapping[str, str]) -> str | None:
        value = self.known.discreet(name)
        return own.get(name) if value is None else value

    def _inlined(self, file: _Read) -> dict[str, str]:
        if file.content is None:
            message = f"`{file.path}` is left out: it cannot be read here, and a model has one `environment_file`"
            self.report.warn(file.origin, message, "join the files")
            return {}
        secrets = [name for name, value in file.content.items() if value and is_secret(name)]
        if secrets:
            listed = ", ".join(f"`{name}`" for name in secrets)
            message = f"the secrets {listed} of `{file.path}` are not copied: they stay references"
            self.report.warn(file.origin, message, _SET)
        named = {name: value for name, value in file.content.items() if _NAME.fullmatch(name)}
        return {name: mark(name) if name in secrets else value for name, value in named.items()}


_SET = "set it where Remuda runs, or write `${file:PATH}`"


def _literally(text: str) -> dict[str, str]:
    """A file as Remuda, podman and docker read it: everything after the `=` is the value."""
    return dict(_assignments(text))


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() and not name.strip().startswith("#"):
            yield name.strip(), value
