"""What deploying has to know of a unit file's text: what it waits for, what wants it, whether it can be reloaded.

A reader of systemd's syntax as far as that: sections, repeated keys, continued lines, comments. Specifiers and escapes
are left as they are, since the names of units that Remuda renders have none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnitFile:
    """The words of a unit and its drop-ins that matter here; `text` is all of them."""

    after: frozenset[str]
    before: frozenset[str]
    wanted_by: tuple[str, ...]
    required_by: tuple[str, ...]
    is_reloadable: bool
    text: str

    @property
    def is_wanted(self) -> bool:
        """Whether it is to run from boot on; a unit without `[Install]` runs when something asks for it."""
        return bool(self.wanted_by or self.required_by)


def read(texts: Sequence[str]) -> UnitFile:
    """A unit's file and its drop-ins, in this order."""
    keys = _keys(texts)
    return UnitFile(
        after=frozenset(_words(keys["Unit", "After"])),
        before=frozenset(_words(keys["Unit", "Before"])),
        wanted_by=tuple(_words(keys["Install", "WantedBy"])),
        required_by=tuple(_words(keys["Install", "RequiredBy"])),
        is_reloadable=any(keys["Service", "ExecReload"]),
        text="\n".join(texts),
    )


def _keys(texts: Iterable[str]) -> Mapping[tuple[str, str], Sequence[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for text in texts:
        section = ""
        for line in _lines(text):
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line:
                key, _, value = line.partition("=")
                found[section, key.strip()].append(value.strip())
    return found


def _lines(text: str) -> Iterator[str]:
    """Lines without comments, those that end in a backslash together with what follows."""
    begun = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith(("#", ";")):
            continue
        if stripped.endswith("\\"):
            begun += f"{stripped[:-1]} "
            continue
        if begun or stripped:
            yield begun + stripped
        begun = ""
    if begun:
        yield begun


def _words(values: Iterable[str]) -> list[str]:
    """The words of a list; an empty value takes back what was said before."""
    words: list[str] = []
    for value in values:
        words = [*words, *value.split()] if value else []
    return words
