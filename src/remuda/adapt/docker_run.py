"""`docker run` and `podman run` as people have them: a line from a README, or a script with several.

A shell's variables are taken from whoever would run it, `$(pwd)` and relative paths from the directory where it would
run. In the container's environment, and where its name says that it is a secret, a variable becomes a reference, so
that its value is never written down. Other commands of a script are left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final, Literal

from remuda.adapt import naming, run_line, script
from remuda.adapt.container import ContainerRun, Modelled, model_of
from remuda.adapt.contract import Adapted, Source
from remuda.adapt.marks import Marks
from remuda.adapt.reading import Reading
from remuda.errors import Position, Problem, SpecError
from remuda.quoting import shell
from remuda.spec.document import Path
from remuda.spec.reference import Reference, literal, parse

NAME: Final = "docker-run"
SUMMARY: Final = "lines of `docker run` or `podman run`, as in a script"

_MOST_CHARACTERS: Final = 256 * 1024
_GATEWAY: Final = 8080
"""Where the gateway of a new fleet listens."""

_HERE: Final = re.compile(r"\$\(pwd\)|`pwd`")
_VARIABLE: Final = re.compile(r"\$\{?(?P<name>[A-Za-z_]\w*)(?P<default>:?-)?")
_PLACES: Final = {"HOME", "PWD", "USER"}
_SECRET: Final = re.compile(r"\$\{env:\w*(?:KEY|TOKEN|SECRET|PASS|CREDENTIAL)\w*\}", re.IGNORECASE)
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
            words = self._words(command)
            started = run_line.read(words)
            run = self._settled(started.run) if started else None
        except SpecError as error:
            self.reading.add(Problem(error.message, position=at, hint=error.hint))
            return
        if started is not None and run is not None:
            self._add(run, started.runtime, at)
        elif words and not re.fullmatch(r"set|cd|echo|#!.*", words[0]):
            message = f"`{' '.join(words[:3])}` starts no container and is left out"
            self.reading.say(message, at)

    def _words(self, command: script.Command) -> tuple[str, ...]:
        """The words of a command, variables as references; raises SpecError for what only a shell would know."""
        if command.separator == "?":
            raise SpecError("cannot read the line: a quote or a bracket in it has no end")
        text = _TILDE.sub("$HOME", _HERE.sub("${PWD}", command.text))
        marks, known = Marks(), self._variables()
        variables: dict[str, str | None] = {name: known[name] for name in _PLACES & known.keys()}
        for match in _VARIABLE.finditer(text):
            if match["name"] not in variables and (not match["default"] or match["name"] in known):
                variables[match["name"]] = marks.raw(f"${{env:{match['name']}}}")
        filled = script.expanded(text, variables, (), "")
        if filled is None:
            message = "cannot read the line: what it holds is computed when a shell runs it"
            raise SpecError(message, hint="write the value")
        return tuple(map(marks.text, shell.split(filled)))

    def _settled(self, run: ContainerRun) -> ContainerRun:
        """With variables kept as references in the environment, where secrets are, and by their values elsewhere."""
        return replace(
            run,
            image=self._value(run.image),
            tag=run.tag and self._value(run.tag),
            argv=tuple(word if _SECRET.search(word) else self._value(word) for word in run.argv),
            volumes=tuple(self._absolute(self._value(volume)) for volume in run.volumes),
            environment_files=tuple(map(self._value, run.environment_files)),
            devices=tuple(map(self._value, run.devices)),
            ports=tuple(map(self._value, run.ports)),
            gpus=run.gpus and self._value(run.gpus),
            shm_size=run.shm_size and self._value(run.shm_size),
            memory=run.memory and self._value(run.memory),
            cpus=run.cpus and self._value(run.cpus),
            name=run.name and self._value(run.name),
        )

    def _value(self, text: str) -> str:
        """A text with the values of its variables; raises SpecError for one that has none."""
        known, parts = self._variables(), []
        for part in parse(text):
            if isinstance(part, Reference) and part.name not in known:
                message = f"cannot read the line: the variable `{part.name}` has no value here"
                raise SpecError(message, hint=f"set `{part.name}` before the import, or write the value")
            parts.append(known[part.name] if isinstance(part, Reference) else str(part))
        return literal("".join(parts))

    def _variables(self) -> dict[str, str]:
        """Those of whoever would run it there."""
        here = {"PWD": str(self._source.directory)} if self._source.directory is not None else {}
        return {**self._source.environment, **here}

    def _add(self, run: ContainerRun, runtime: Literal["docker", "podman"], at: Position) -> None:
        found = model_of(run, runtime)
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
