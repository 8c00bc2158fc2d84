"""What lies where in a process: Linux's `/proc/PID/maps` (proc_pid_maps(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(r"(?P<first>[0-9a-f]+)-(?P<end>[0-9a-f]+) \S+ (?P<offset>[0-9a-f]+) \S+ \d+ +(?P<path>/.*)")
_REPLACED: Final = " (deleted)"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file that is mapped."""

    path: str
    offset: int


def place(maps: str, address: int) -> Place | None:
    """The file that an address is mapped from; None for memory that is none's."""
    for line in maps.splitlines():
        found = _LINE.fullmatch(line)
        if found and int(found["first"], 16) <= address < int(found["end"], 16):
            path = found["path"].removesuffix(_REPLACED)
            return Place(path, int(found["offset"], 16) + address - int(found["first"], 16))
    return None
