"""The name of a wheel, which says what is in it and where it runs: `vllm-0.12.0+rocm711-cp311-cp311-linux_x86_64.whl`.

Source: the specification of binary distributions of packaging.python.org. The file itself is never looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(
    r"(?P<project>[A-Za-z0-9._]+)-(?P<version>[A-Za-z0-9.+_!]+)(?:-\d[A-Za-z0-9_.]*)?"
    r"-(?P<python>[a-z0-9.]+)-(?P<abi>[a-z0-9_.]+)-(?P<platform>[a-z0-9_.]+)\.whl",
    re.ASCII,
)
_PYTHON: Final = re.compile(r"cp3(\d+)")
_MACHINES: Final = ("x86_64", "aarch64")


@dataclass(frozen=True, slots=True)
class WheelName:
    """What a wheel's name says.

    `project` is its normalised name. `python` is the minor version of the only Python 3 that it is for, None if it is
    for several. `machine` is None if it runs on any.
    """

    file: str
    project: str
    version: str
    python: int | None
    machine: str | None

    @property
    def local(self) -> str:
        """The part of the version behind the plus, which is its builder's own."""
        return self.version.partition("+")[2]


def wheel_name(file: str) -> WheelName | None:
    """The parts of a file's name; None if it is none of a wheel."""
    found = _NAME.fullmatch(file)
    if found is None:
        return None
    python = _PYTHON.fullmatch(found["python"])
    return WheelName(
        file=file,
        project=re.sub(r"[._]+", "-", found["project"]).lower(),
        version=found["version"],
        python=int(python[1]) if python and found["abi"].startswith("cp") else None,
        machine=next((machine for machine in _MACHINES if found["platform"].endswith(machine)), None),
    )
