"""Variables that choose GPUs → `devices` of the fleet file.

A process sees the GPUs that these variables name; Remuda sets them itself, from `devices`, so they have no place in an
environment. CUDA counts the fastest card first unless it is told otherwise, while `cuda0` is the first by its PCI
address; that cannot be translated without the machine, so it is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ORDER: Final = "CUDA_DEVICE_ORDER"
_KINDS: Final = {"CUDA_VISIBLE_DEVICES": "cuda", "HIP_VISIBLE_DEVICES": "rocm", "ROCR_VISIBLE_DEVICES": "rocm"}
_NAME: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9._:/=-]*")


@dataclass(frozen=True, slots=True)
class Visible:
    """The devices that variables name, None where none does, and the variables without these.

    `note`: what was decided about them, for a comment.
    """

    devices: tuple[str, ...] | None
    environment: Mapping[str, str]
    note: str | None = None


def visible(environment: Mapping[str, str]) -> Visible:
    """What an environment shows; variables that name nothing that can be read here stay in it."""
    found = [(name, named) for name in _KINDS if (named := _named(_KINDS[name], environment.get(name))) is not None]
    if len(found) != 1:
        return Visible(None, dict(environment))
    variable, devices = found[0]
    said = environment[variable]
    order = environment.get(ORDER)
    rest = {name: value for name, value in environment.items() if name not in (variable, ORDER)}
    is_open = any(name.startswith("cuda") for name in devices) and order != "PCI_BUS_ID"
    note = f"{variable}={said} there" + (", counted by PCI address here" if is_open else "")
    return Visible(devices, rest, note)


def device(kind: str, name: str) -> str:
    """A GPU's index or name as the fleet file has it."""
    return f"{kind}{name}" if name.isascii() and name.isdigit() else name


def _named(kind: str, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = [name.strip() for name in value.split(",")]
    if names in (["-1"], [""], ["none"], ["NoDevFiles"]):
        return ("cpu",)
    if value == "all":
        return (f"{kind}:all",)
    if not all(_NAME.fullmatch(name) for name in names):
        return None
    return tuple(dict.fromkeys(device(kind, name) for name in names))
