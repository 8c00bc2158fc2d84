"""What NVIDIA's kernel module tells in `/proc/driver/nvidia`, also where its library is missing.

Source: NVIDIA's driver README, chapter "The /proc interface".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"NVRM version: .*?(?P<open>Open )?Kernel Module(?: for \S+)?\s+(?P<version>\d+(?:\.\d+)+)")


@dataclass(frozen=True, slots=True)
class Card:
    """One GPU that the module has taken. Its UUID is None while nobody has used it."""

    address: str
    title: str
    uuid: str | None
    minor: int | None


def loaded(version: str) -> tuple[str, bool]:
    """The version of the loaded module, and whether it is the open one. Raises ValueError."""
    match = _VERSION.search(version)
    if match is None:
        raise ValueError("no version of the kernel module is named")
    return match["version"], bool(match["open"])


def card(information: str) -> Card:
    """`/proc/driver/nvidia/gpus/ADDRESS/information`. Raises KeyError."""
    pairs = (line.partition(":")[::2] for line in information.splitlines())
    values = {name.strip(): value.strip() for name, value in pairs}
    uuid, minor = values.get("GPU UUID", "?"), values.get("Device Minor", "")
    return Card(
        address=values["Bus Location"].lower(),
        title=values["Model"],
        uuid=None if "?" in uuid else uuid,
        minor=int(minor) if minor.isdigit() else None,
    )
