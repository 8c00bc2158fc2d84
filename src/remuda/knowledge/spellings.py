"""How an engine's command line spells its flags: which names are the same flag, and what follows it.

The tables are the union over releases: which release has a flag is `remuda.knowledge.flags`. An engine without rows
has no flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from remuda.knowledge.rows import text

Takes = Literal["switch", "one", "number", "list", "two", "off"]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A flag by the name that a fleet file uses for it, without dashes, and what follows it on a command line.

    `switch`: nothing. `one`, `number`: a value, in which a number may have a fraction. `list`: every word up to the
    next flag. `two`: two values. `off`: nothing, and the flag is switched off.
    """

    key: str
    takes: Takes


@cache
def spellings(engine: str) -> Mapping[str, Spelling]:
    """Every flag of an engine, by each of its names with their dashes."""
    found: dict[str, Spelling] = {}
    for line in text("spellings.txt").splitlines():
        match line.split():
            case [name, "off", first, *names] if name == engine:
                found |= dict.fromkeys(names, Spelling(first.lstrip("-"), "off"))
            case [name, takes, *names] if name == engine:
                found |= dict.fromkeys(names, Spelling(names[0].lstrip("-"), cast("Takes", takes)))
    return found
