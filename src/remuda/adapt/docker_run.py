"""`docker run` and `podman run` as people have them: a line from a README, or a script with several.

A shell's variables are taken from whoever would run it, `$(pwd)` and relative paths from the directory where it would
run. Other commands of a script are left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt import naming, run_line, script
from remuda.adapt.container import ContainerRun, Modelled, model_of
from remuda.adapt.contract import Adapted, Remark, Source
from remuda.errors import Position, Problem, SpecError
from remuda.quoting import shell
from remuda.spec.document import Path, decode
from remuda.spec.nodes import MalformedError
from remuda.spec.reference import literal

NAME: Final = "docker-run"
SUMMARY: Final = "lines of `docker run` or `podman run`, as in a script"

_HERE: Final = re.compile(r'"?\$(?:\(pwd\)|\{PWD\}|PWD\b)"?|"?`pwd`"?')
_TILDE: Final = re.compile(r"(?<=\s)~(?=[/\s:]|$)")
_HOST_PATH: Final = re.compile(r"(\.{1,2}(?:/[^:]*)?)(:.*)", re.DOTALL)


def adapt(source: Source) -> Adapted:
    """The models of all lines that start a container."""
    reading = _Reading(source)
    content = source.files.read(source.path)
    if content is None:
        return reading.refused("cannot read the file: there is none, or it may not be read")
    try:
        text = decode(content)
    except MalformedError as error:
        return reading.refused(error.problem.message, error.problem.position)
    if re.search(r"\bdocker\b|\bpodman\b", text):
        for command in script.commands(text):
            reading.line(text, command)
    return reading.done()


class _Reading:
    """The models found so far, and what there is to say of their lines."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._models: dict[str, Any] = {}
        self._notes: dict[Path, str] = {}
        self._remarks: list[Remark] = []
        self._ports: set[int] = set()

    def refused(self, message: str, position: Position | None = None) -> Adapted:
        self._say(Problem(message, position=position))
        return Adapted(remarks=tuple(self._remarks))

    def done(self) -> Adapted:
        if not self._models and not any(remark.problem.severity == "error" for remark in self._remarks):
            message = "there is no container of an engine in it: expected `docker run` or `podman run`"
            self._say(Problem(message, position=Position(1, 1)))
        data = {"models": self._models} if self._models else {}
        return Adapted(data, self._notes, tuple(self._remarks))

    def line(self, text: str, command: script.Command) -> None:
        start = command.start + len(command.text) - len(command.text.lstrip())
        at = _position(text, min(start, len(text)))
        try:
            words = shell.split(self._plain(command.text))
            started = run_line.read(tuple(map(literal, words)))
        except SpecError as error:
            self._say(Problem(error.message, position=at, hint=error.hint))
            return
        if started is not None:
            self._add(started, at)
        elif words and not re.fullmatch(r"set|cd|echo|#!.*", words[0]):
            message = f"`{' '.join(words[:3])}` starts no container and is left out"
            self._say(Problem(message, position=at, severity="warning"))

    def _plain(self, text: str) -> str:
        """The text of a command without its variables; raises SpecError for one that is not known."""
        directory, home = self._source.directory, self._source.environment.get("HOME")
        if directory is not None:
            text = _HERE.sub(lambda _: shell.quoted(str(directory)), text)
        if home is not None:
            text = _TILDE.sub(lambda _: shell.quoted(home), text)
        filled = script.expanded(text, self._source.environment, (), "")
        if filled is None:
            message = "cannot read the line: it holds a variable or a substitution whose value is not known"
            raise SpecError(message, hint="write the value, or set the variable before the import")
        return filled

    def _add(self, started: run_line.Started, at: Position) -> None:
        run = replace(started.run, volumes=tuple(map(self._absolute, started.run.volumes)))
        found = model_of(run, started.runtime)
        path: Path = ()
        if found.entry is not None:
            path = self._named(run, found, found.entry)
        for problem in found.remarks:
            self._say(replace(problem, path=(*path, *problem.path) if path else (), position=at))

    def _named(self, run: ContainerRun, found: Modelled, entry: Mapping[str, Any]) -> Path:
        first, *others = naming.names(entry, found.served_names, run.name)
        model_id = naming.free(first, self._models)
        only = self._source.only
        if only and model_id not in only:
            return ()
        path: Path = ("models", model_id)
        model = dict(entry)
        if unit := naming.unit(model_id, entry):
            model["unit"] = unit
        if others:
            model["aliases"] = others
        if (port := model.get("port")) in self._ports:
            del model["port"]
            self._notes[path] = f"on port {port} there, which another model has too"
        elif port is not None:
            self._ports.add(port)
        self._models[model_id] = model
        self._notes |= {(*path, *key): note for key, note in found.notes.items() if key and key[0] in model}
        return path

    def _absolute(self, volume: str) -> str:
        match = _HOST_PATH.fullmatch(volume)
        if match is None or self._source.directory is None:
            return volume
        return f"{_joined(self._source.directory, match[1])}{match[2]}"

    def _say(self, problem: Problem) -> None:
        self._remarks.append(Remark(str(self._source.path), problem))


def _joined(directory: PurePosixPath, path: str) -> str:
    """The path, without steps up, as far as the directory has them."""
    parts: list[str] = []
    for part in (directory / path).parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return str(PurePosixPath(*parts))


def _position(text: str, place: int) -> Position:
    before: Iterator[str] = iter(text[:place].rsplit("\n", 1))
    head = next(before)
    return Position(text.count("\n", 0, place) + 1, len(next(before, head)) + 1)
