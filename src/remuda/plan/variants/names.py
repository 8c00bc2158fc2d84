"""Names of variants: `vllm-python312-cuda12_9-sm90-avx512`.

In the first years of that convention a variant was for a platform only (`…-sm90`, `…-sm90-arm64`), later for an
instruction set. Both are one form here: a plain x86_64 has no suffix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from remuda.errors import SpecError
from remuda.knowledge.isas import Isa, isas, of_suffix

_NAME: Final = re.compile(
    r"vllm-python(?P<python>\d{2,4})-cuda(?P<cuda>\d+_\d+)-sm(?P<sm>\d{2,3})(?:-(?P<suffix>[a-z0-9_]+))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name: `3.12`, `12.9`, `9.0`, and the instruction set."""

    python: str
    cuda: str
    capability: str
    isa: Isa

    def __str__(self) -> str:
        digits = self.python.replace(".", "")
        suffix = f"-{self.isa.suffix}" if self.isa.suffix else ""
        return f"vllm-python{digits}-{cuda_tag(self.cuda)}-sm{sm(self.capability)}{suffix}"

    @property
    def build(self) -> tuple[str, str, str]:
        """What it is built for, whatever its Python: two lines are compared by it."""
        return self.cuda, self.capability, self.isa.isa


def parse(text: str) -> Name:
    """The parts of a name; raises SpecError for what is none."""
    found = _NAME.fullmatch(text)
    if found is None:
        form = "vllm-pythonXYZ-cudaX_Y-smXY[-ISA]"
        raise SpecError(f"`{text}` is no name of a variant: expected `{form}`", hint="rename it")
    isa = of_suffix(found["suffix"] or "")
    if isa is None:
        known = "`, `".join(row.suffix for row in isas() if row.suffix)
        message = f"`{text}` is no name of a variant: `{found['suffix']}` is no instruction set that is known"
        raise SpecError(message, hint=f"end it in one of `{known}`")
    major, minor = found["python"][0], found["python"][1:]
    return Name(f"{major}.{minor}", found["cuda"].replace("_", "."), capability(found["sm"]), isa)


def sm(number: str) -> str:
    """A capability as names have it: `9.0` is `90`."""
    return number.replace(".", "")


def capability(digits: str) -> str:
    """And back: `120` is `12.0`."""
    return f"{digits[:-1]}.{digits[-1]}"


def cuda_tag(toolkit: str) -> str:
    """A toolkit as names have it: `12.9` is `cuda12_9`."""
    return f"cuda{toolkit.replace('.', '_')}"
