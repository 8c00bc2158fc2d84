"""`docker run` and `podman run` as people have them: a line from a README, or a script with several.

A shell's variables are taken from whoever would run it, `$(pwd)` and relative paths from the directory where it would
run. Other commands of a script are left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt import naming, run_line, script
from remuda.adapt.container import ContainerRun, Modelled, model_of
from remuda.adapt.contract import Adapted, Source
from remuda.adapt.reading import Reading
from remuda.errors import Position, Problem, SpecError
from remuda.quoting import shell
from remuda.spec.document import Path
from remuda.spec.reference import literal

NAME: Final = "docker-run"
SUMMARY: Final = "lines of `docker run` or `podman run`, as in a script"

_MOST_CHARACTERS: Final = 256 * 1024
_GATEWAY: Final = 8080
"""Where the gateway of a new fleet listens."""

_HERE: Final = re.compile(r"\$\(pwd\)|`pwd`")
_TILDE: Final = re.compile(r"(?<=\s)~(?=[/\s:]|$)")
_HOST_PATH: Final = re.compile(r"(\.{1,2}(?:/[^:]*)?)(:.*)", re.DOTALL)


def adapt(source: Source) -> Adapted:
    """The models of all lines that start a container."""
    lines = _Lines(source)
    text = lines.reading.text_of(source)
    if text is not None and len(text) > _MOST_CHARACTERS:
        lines.reading.say(f"cannot read a script of more than {_MOST_CHARACTERS} characters", severity="error")
    elif text is not None and re.search(r"\bdocker\b|\bpodman\b", text):
        for command in script.commands(text):
            lines.line(text, command)
    return lines.reading.done("there is no container of an engine in it: expected `docker run` or `podman run`")


class _Lines:
    """Takes the models out of lines."""

    def __init__(self, source: Source) -> None:
        self.reading = Reading(str(source.path))
        self._source = source
        self._ports = {_GATEWAY}

    def line(self, text: str, command: script.Command) -> None:
        start = command.start + len(command.text) - len(command.text.lstrip())
        at = _position(text, min(start, len(text)))
        try:
            words = shell.split(self._plain(command))
            started = run_line.read(tuple(map(literal, words)))
        except SpecError as error:
            self.reading.add(Problem(error.message, position=at, hint=error.hint))
            return
        if started is not None:
            self._add(started, at)
        elif words and not re.fullmatch(r"set|cd|echo|#!.*", words[0]):
            message = f"`{' '.join(words[:3])}` starts no container and is left out"
            self.reading.say(message, at)

    def _plain(self, command: script.Command) -> str:
        """The text of a command without its variables; raises SpecError for one that is not known."""
        if command.separator == "?":
            raise SpecError("cannot read the line: a quote or a bracket in it has no end")
        variables = dict(self._source.environment)
        if self._source.directory is not None:
            variables["PWD"] = str(self._source.directory)
        filled = script.expanded(_TILDE.sub("$HOME", _HERE.sub("${PWD}", command.text)), variables, (), "")
        if filled is None:
            message = "cannot read the line: it holds a variable or a substitution whose value is not known"
            raise SpecError(message, hint="write the value, or set the variable before the import")
        return filled

    def _add(self, started: run_line.Started, at: Position) -> None:
        run = replace(started.run, volumes=tuple(map(self._absolute, started.run.volumes)))
        found = model_of(run, started.runtime)
        path: Path = ()
        if found.entry is not None:
            path = self._named(run, found, at)
        for problem in found.remarks:
            self.reading.add(replace(problem, path=(*path, *problem.path) if path else (), position=at))

    def _named(self, run: ContainerRun, found: Modelled, at: Position) -> Path:
        model = dict(found.entry or {})
        first, *others = naming.names(model, found.served_names, run.name)
        model_id = naming.free(first, self.reading.data.get("models", {}))
        if unit := naming.unit(model_id, model):
            model["unit"] = unit
        if others:
            model["aliases"] = others
        notes = dict(found.notes)
        if (port := model.get("port")) in self._ports:
            del model["port"]
            notes[()] = f"on port {port} there, which something else has here"
        elif port is not None:
            self._ports.add(port)
        path = self.reading.model(model_id, model, at)
        self.reading.notes |= {(*path, *key): note for key, note in notes.items() if not key or key[0] in model}
        return path

    def _absolute(self, volume: str) -> str:
        match = _HOST_PATH.fullmatch(volume)
        if match is None or self._source.directory is None:
            return volume
        return f"{_joined(self._source.directory, match[1])}{match[2]}"


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
