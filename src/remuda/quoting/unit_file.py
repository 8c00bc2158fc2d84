r"""Files of systemd and of podman's Quadlet: sections of keys, where a key may stand again and a line may go on.

A `\` at the end of a line joins the next one: systemd puts a blank there, podman nothing, but takes blanks off both
ends of every line first. Comments may stand between lines that go on, for podman empty lines too. What both only warn
of or drop (a key before the first section, a line that is neither) is refused here.

Values are as they are written; `quoting.systemd` reads them. Drop-in files are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from remuda.errors import Position, Problem, SpecError
from remuda.quoting.systemd import Reader
from remuda.quoting.token import GO_BLANKS, refuse_unwritable

Section = tuple[str, Sequence[tuple[str, str]]]
"""The name of a section, and its keys with their values as they are written."""

_BLANKS: Final = {"systemd": " \t\n\r", "podman": GO_BLANKS}
_END_OF_LINE: Final = {"systemd": re.compile(r"\r\n|\n\r|[\r\n]"), "podman": re.compile(r"\n")}
_SECTION: Final = re.compile(r"\[([^\[\]\x00-\x1f\x7f]+)\][ \t]*")


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a file with its value as it is written; `line` is the last of those that it stands on."""

    section: str
    key: str
    value: str
    line: int


def text(sections: Iterable[Section], head: Sequence[str] = ()) -> str:
    """A whole file; `head` are lines of a comment."""
    comment = "".join(f"# {line}\n" for line in head)
    parts = ("".join((f"[{name}]\n", *(f"{key}={value}\n" for key, value in keys))) for name, keys in sections if keys)
    return "\n".join((*([comment] if comment else ()), *parts))


def read(source: str, reader: Reader) -> tuple[Setting, ...]:
    """The keys of a file in their order; raises SpecError with everything that cannot be read."""
    refuse_unwritable(source, "a unit")
    found: list[Setting] = []
    problems: list[Problem] = []
    section = ""
    for number, line in _lines(source, reader):
        key, equals, value = line.partition("=")
        match = _SECTION.fullmatch(line)
        if match:
            section = match[1]
        elif section and equals and key.strip() and not line.startswith("["):
            found.append(Setting(section, key.strip(_BLANKS[reader]), value.strip(_BLANKS[reader]), number))
        else:
            problems.append(_problem(line, number, is_outside=bool(equals and not section)))
    if problems:
        raise SpecError("cannot read the unit", problems=problems)
    return tuple(found)


def every(settings: Iterable[Setting], section: str, key: str) -> tuple[str, ...]:
    """The values of a key that may stand again; an empty one takes back all before it."""
    found: list[str] = []
    for setting in settings:
        if (setting.section, setting.key) == (section, key):
            found = [*found, setting.value] if setting.value else []
    return tuple(found)


def last(settings: Iterable[Setting], section: str, key: str) -> str | None:
    """The value of a key that counts once; None if it is not there or empty."""
    found = [setting.value for setting in settings if (setting.section, setting.key) == (section, key)]
    return found[-1] or None if found else None


def _lines(source: str, reader: Reader) -> Iterator[tuple[int, str]]:
    """Lines that are no comment, those that go on joined, each with the number of its last."""
    begun, number = "", 0
    physical = _END_OF_LINE[reader].split(source.removeprefix("\ufeff") if reader == "systemd" else source)
    for number, line in enumerate(physical, start=1):
        if line.lstrip(_BLANKS[reader]).startswith(("#", ";")):
            continue
        if reader == "podman" and not (line := line.strip(GO_BLANKS)):
            continue
        joined, begun = begun + line, ""
        if _goes_on(joined, reader):
            begun = joined[:-1] + (" " if reader == "systemd" else "")
        elif joined.strip(_BLANKS[reader]):
            yield number, joined.strip(_BLANKS[reader])
    if begun.strip(_BLANKS[reader]):
        yield number, begun.strip(_BLANKS[reader])


def _goes_on(line: str, reader: Reader) -> bool:
    """Whether the next line belongs to this one; systemd sees that a backslash before it may take its meaning."""
    backslashes = len(line) - len(line.rstrip("\\"))
    return backslashes % 2 == 1 if reader == "systemd" else backslashes > 0


def _problem(line: str, number: int, *, is_outside: bool) -> Problem:
    what = "stands before the first section" if is_outside else "is neither a section, a key nor a comment"
    hint = "write `[Unit]` or another section above" if is_outside else "write `KEY=VALUE`"
    return Problem(f"`{line}` {what}", position=Position(number, 1), hint=hint)
