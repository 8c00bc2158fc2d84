"""What the variables of a compose file stand for, and which of them stay variables in the fleet.

Those of whoever runs compose come over those of `.env`. A secret is never copied: one that has a value stays a
reference, as does one that has none and nothing to stand in for it. So that such a reference survives all splitting and
joining that a value goes through, it is a mark in the text until the fleet is written: its words between two NUL
characters, which no text of a program's arguments or environment can hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from remuda.spec.reference import literal

MARK: Final = "\0"
_MARKED: Final = re.compile("\0([^\0]*)\0")
_SECRET: Final = re.compile(r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY|CREDENTIALS?)$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a variable is one that nobody wants to see written down, by its name."""
    return _SECRET.search(name) is not None


def mark(name: str, kind: str = "env") -> str:
    """What stands for a reference to a variable (or a `file`) until the fleet is written."""
    return f"{MARK}{kind}:{name}{MARK}"


def in_fleet(text: str) -> str:
    """A text in the language of the fleet file, with a reference for every mark."""
    if MARK not in text:
        return literal(text)
    parts = enumerate(_MARKED.split(text))  # a `$` right before a reference would belong to it, so all are doubled
    return "".join(f"${{{part}}}" if number % 2 else part.replace("$", "$$") for number, part in parts)


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables that a file can name. `own` are those of whoever runs compose, `dot_env` those of `.env`."""

    own: Mapping[str, str]
    dot_env: Mapping[str, str]

    def plain(self, name: str) -> str | None:
        """The value of a variable, secret or not."""
        return self.own.get(name, self.dot_env.get(name))

    def discreet(self, name: str) -> str | None:
        """The value of a variable; for a secret that has one, its mark."""
        value = self.plain(name)
        return mark(name) if value and is_secret(name) else value
