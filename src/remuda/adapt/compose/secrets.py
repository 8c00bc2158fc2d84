"""Secrets that a script reads from files as it boots: `export HF_TOKEN="$(cat /run/secrets/hf_token)"`.

Where the file is one that the service mounts, this is what `${file:PATH}` says in the fleet: the line goes, and the
variable has the reference. Variables that are made of such ones go the same way, so that scripts of
`remuda render compose` come back as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt.compose.mounts import Mount
from remuda.adapt.marks import Marks
from remuda.adapt.script import SHELLS
from remuda.errors import SpecError
from remuda.quoting import shell

_OPTIONS: Final = re.compile(r"-[a-z]*c")
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_READS: Final = re.compile(
    rf"(?P<export>export\s+)?(?P<name>{_NAME})=(?P<quote>\"?)\$\(cat\s+(?P<path>[^()]+)\)(?P=quote)"
    rf"(?P<after>\s*;\s*export\s+(?P=name))?"
)
_MADE: Final = re.compile(rf"(?P<name>{_NAME})=(?P<word>.*); export (?P=name)")
_OURS: Final = re.compile(r"REMUDA_SECRET_\d+")
"""Variables of our own scripts, which no engine reads."""

_UNSET: Final = re.compile(rf"unset (?P<name>{_NAME})")


@dataclass(frozen=True, slots=True)
class Secrets:
    """A command without the lines that read secrets, and the variables that these set.

    `variables` are in the language of the fleet; the engine itself gets only those that are not `hidden`. `targets`:
    the places of the files in the container.
    """

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()


def read(command: Sequence[str], mounted: Iterable[Mount], environment: Mapping[str, str]) -> Secrets:
    """The secrets of a command in this environment; all texts are in the language of the fleet.

    A script of which nothing is left but one program gives way to that program's words.
    """
    place = _place(command)
    files = {mount.target: mount.source for mount in mounted if mount.source.startswith("/")}
    if place is None or not files or "$(cat" not in command[place].replace("$$", "$"):
        return Secrets(tuple(command))
    marks = Marks()
    reading = _Reading(marks, files, {name: marks.raw(text) for name, text in environment.items()})
    lines = [line for line in marks.raw(command[place]).split("\n") if not reading.takes(line.strip())]
    script = "\n".join(lines)
    program = tuple(map(marks.text, reading.program(script)))
    return Secrets(
        command=program or (*command[:place], marks.text(script), *command[place + 1 :]),
        variables={name: marks.text(value) for name, value in reading.found.items()},
        hidden=frozenset(reading.found) - reading.exported | reading.unset | set(filter(_OURS.fullmatch, environment)),
        targets=frozenset(reading.targets),
    )


def _place(command: Sequence[str]) -> int | None:
    """Where the script of a shell is among the words."""
    if not command or PurePosixPath(command[0]).name not in SHELLS:
        return None
    options = (number for number, word in enumerate(command[1:4], 1) if _OPTIONS.fullmatch(word))
    place = next(options, len(command)) + 1
    return place if place < len(command) else None


@dataclass(slots=True)
class _Reading:
    """The variables found so far, as plain texts with marks."""

    marks: Marks
    files: Mapping[str, str]
    environment: Mapping[str, str]
    found: dict[str, str] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)
    unset: set[str] = field(default_factory=set)

    def takes(self, line: str) -> bool:
        """Whether a line is about secrets only, and understood."""
        if match := _READS.fullmatch(line):
            return self._reads(match)
        if match := _UNSET.fullmatch(line):
            self.unset.add(match["name"])
            return match["name"] in {**self.environment, **self.found}
        match = _MADE.fullmatch(line)
        return self._is_made(match) if match else False

    def _reads(self, match: re.Match[str]) -> bool:
        path = _one_word(match["path"])
        if path is None or path not in self.files:
            return False
        self.targets.add(path)
        self.found[match["name"]] = self.marks.raw(f"${{file:{self.files[path]}}}")
        if match["export"] or match["after"]:
            self.exported.add(match["name"])
        return True

    def _is_made(self, match: re.Match[str]) -> bool:
        """A variable whose value has known ones in it."""
        value = _one_word(self._filled(match["word"]))
        if value is None:
            return False
        self.found[match["name"]] = value
        self.exported.add(match["name"])
        return True

    def program(self, script: str) -> tuple[str, ...]:
        """The words of the only program that a script runs; none where there is more than that, or a variable."""
        alone = re.fullmatch(r"\s*(?:set -e\s*\n\s*)?exec (.*\S)\s*", script, re.DOTALL)
        try:
            return shell.split(self._filled(alone[1])) if alone else ()
        except SpecError:
            return ()

    def _filled(self, text: str) -> str:
        """A text of the shell with the variables that are known, where they stand alone in double quotes."""
        known = {**self.environment, **self.found}
        quoted = {name: shell.quoted(value) for name, value in known.items()}
        return re.sub(rf'"\$({_NAME})"', lambda part: quoted.get(part[1], part[0]), text)


def _one_word(text: str) -> str | None:
    try:
        words = shell.split(text)
    except SpecError:
        return None
    return words[0] if len(words) == 1 else None
