"""Claims about hardware in plain text, a line at a time: which cards a capability has, which driver a CUDA needs.

The headers of Nix files, their descriptions and the tables of a README all speak so: `SM90: H100, H200, L40S`, `CUDA
12.9 — Requires NVIDIA driver 560+`, `| 12.9 | 560+ |`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from remuda.errors import Position, Problem
from remuda.knowledge import cuda
from remuda.plan.variants.names import capability

_SM: Final = re.compile(r"\bSM ?(\d{2,3})\b")
_LABEL: Final = re.compile(r"\s*(?:[|#*-]|\w+(?:\.\w+)* = )")
"""How lines begin that label something: rows of tables, comments and headings, items, and assignments."""
_DRIVER: Final = re.compile(r"\b([3-9]\d{2})\+")
_TOOLKIT: Final = re.compile(r"(?:CUDA |cuda|Packages_|\| *)(1\d[._]\d)\b")


def claims(text: str) -> Iterator[Problem]:
    """What a text says that is not so, line by line."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from _cards(line, number)
        yield from _drivers(line, number)


def _cards(line: str, number: int) -> Iterator[Problem]:
    """A line that names one capability and cards of another one; a sentence may do so, and mean it."""
    named = {capability(digits) for digits in _SM.findall(line)}
    if len(named) != 1 or not _LABEL.match(line):
        return
    (claimed,) = named
    for found in _names().finditer(line):
        row = cuda.of_card(found[0])
        if row and row.capability != claimed:
            message = f"`{found[0]}` is {row.capability} ({row.architecture}), not {claimed}"
            digits = row.capability.replace(".", "")
            hint = f"name it with SM{digits}"
            yield Problem(message, position=Position(number, found.start() + 1), hint=hint)


@cache
def _names() -> re.Pattern[str]:
    """Every card that is known, the longest first."""
    cards = sorted((card for row in cuda.capabilities() for card in row.cards), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, cards))})(?![\w-])", re.IGNORECASE)


def _drivers(line: str, number: int) -> Iterator[Problem]:
    """Drivers, each with the toolkit before it, or else behind it; other numbers may end in a plus as well."""
    if not line.lstrip().startswith("|") and "driver" not in line.lower():
        return
    toolkits = [(found.start(), found[1].replace("_", ".")) for found in _TOOLKIT.finditer(line)]
    for found in _DRIVER.finditer(line):
        before = [version for start, version in toolkits if start < found.start()]
        version = before[-1] if before else toolkits[0][1] if toolkits else None
        row = cuda.toolkit(version) if version else None
        if row is None or row.driver is None or int(found[1]) >= int(row.driver.partition(".")[0]):
            continue
        message = (
            f"CUDA {row.version} comes with driver {row.driver}; {found[1]} runs its binary code by minor version "
            f"compatibility, as any from {row.floor} on, and compiles none of its PTX"
        )
        hint = f"write `{row.driver.partition('.')[0]}+`"
        yield Problem(message, position=Position(number, found.start() + 1), hint=hint)
