"""All variants of a line, each with what speaks for and against it.

Three kinds cannot be built or would be of no use: a toolkit that cannot compile for the card, an instruction set of
another machine, and a vLLM that has no kernels for the card. The last one builds all the same, so it can be forced
(`allow:` in the file); the others cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from remuda.errors import Problem
from remuda.knowledge import builds, cuda, defects
from remuda.knowledge.builds import Build
from remuda.knowledge.defects import Defect
from remuda.knowledge.isas import isa, isas
from remuda.knowledge.release import release
from remuda.plan.variants.names import Name
from remuda.plan.verdict.reason import Reason, State, in_order
from remuda.spec.document import Document
from remuda.spec.nearest import suggestion
from remuda.spec.variants import Line, Variants

KERNELS = "kernels"
"""The question whose `no` can be overruled: the package builds, and has nothing for the card."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One package of a line. `reasons` has those first that decide; `is_allowed`: the file wants it all the same."""

    line: str
    spec: Line
    name: Name
    reasons: tuple[Reason, ...]

    @property
    def state(self) -> State:
        """Whether it can work: `unknown` where something is not known."""
        return self.reasons[0].state if self.reasons else "yes"

    @property
    def is_forcible(self) -> bool:
        """Whether it can at least be built."""
        return all(reason.about == KERNELS for reason in self.reasons if reason.state == "no")

    @property
    def is_allowed(self) -> bool:
        """Whether the file wants it although it cannot work."""
        return self.is_forcible and self.name.capability in self.spec.allow

    @property
    def defects(self) -> tuple[Defect, ...]:
        """What is wrong with what it is built with, so that it needs a remedy."""
        return tuple(defects.find(self.name.cuda, self.name.capability))

    def is_wanted(self, *, force: bool = False) -> bool:
        """Whether it is among the packages of its line."""
        return self.state != "no" or self.is_allowed or (force and self.is_forcible)


def variants(name: str, line: Line) -> tuple[Variant, ...]:
    """Every combination of a line, in the order of the file."""
    rows = [(number, row) for number, names in line.capabilities.items() for row in map(isa, names) if row]
    found = product(line.python, line.cuda, rows)
    names = (Name(python, toolkit, number, row) for python, toolkit, (number, row) in found)
    return tuple(Variant(name, line, each, judge(line.vllm, each, line.platforms)) for each in names)


def problems(found: Variants, document: Document) -> Iterator[Problem]:
    """What the file names that is not known: instruction sets and capabilities, without which nothing can be made."""
    known = [row.isa for row in isas()]
    for name, line in found.lines.items():
        for number, wanted in line.capabilities.items():
            path = ("lines", name, "capabilities", number)
            if cuda.capability(number) is None:
                message = f"`{number}` is no compute capability that is known"
                numbers = ", ".join(row.capability for row in cuda.capabilities())
                yield document.problem_of_key(path, message, hint=f"use one of {numbers}")
            for index, each in enumerate(wanted):
                if each not in known:
                    hint = suggestion(each, known, otherwise=f"use one of `{'`, `'.join(known)}`")
                    message = f"`{each}` is no instruction set that is known"
                    yield document.problem((*path, index), message, hint=hint)


def judge(vllm: str, name: Name, platforms: tuple[str, ...]) -> tuple[Reason, ...]:
    """What speaks for and against a combination, with what decides first."""
    return in_order((*_machine(name, platforms), *_toolkit(name), *_kernels(vllm, name)))


def _machine(name: Name, platforms: tuple[str, ...]) -> Iterator[Reason]:
    row, card = name.isa, cuda.capability(name.capability)
    if row.platform not in platforms:
        message = f"{row.title} is an instruction set of {row.platform}, and this is for {', '.join(platforms)}"
        yield Reason(state="no", about="platform", message=message, source=row.source, confidence=row.confidence)
    if card and card.machine and card.machine != row.machine:
        message = (
            f"{row.title} is an instruction set of {row.machine}, and {card.cards[0]} ({card.capability}) is built "
        )
        message += f"with a processor of {card.machine}"
        yield Reason(state="no", about="platform", message=message, source=card.source, confidence=card.confidence)


def _toolkit(name: Name) -> Iterator[Reason]:
    number, row = release(name.cuda) or (), cuda.capability(name.capability)
    if row is None:
        yield Reason(state="unknown", about="toolkit", message=f"{name.capability} is no capability that is known")
    elif number not in row.toolkits:
        first, _, last = row.toolkits.text.partition("..")
        is_early = row.toolkits.first is not None and number < row.toolkits.first
        when = f"came with CUDA {first}" if is_early else f"was last compiled for by CUDA {last}"
        message = f"CUDA {name.cuda} cannot compile for {name.capability}, which {when}"
        yield Reason(state="no", about="toolkit", message=message, source=row.source, confidence=row.confidence)
    if cuda.toolkit(name.cuda) is None:
        message = f"which driver CUDA {name.cuda} comes with is not known"
        yield Reason(state="unknown", about="toolkit", message=message)


def _kernels(vllm: str, name: Name) -> Iterator[Reason]:
    """Whether vLLM's build system has kernels that run on the card; all rows are what it compiles, so one is enough."""
    toolkit = release(name.cuda) or ()
    rows = [
        row
        for row in builds.find("vllm", "cuda", version=vllm, artefact="source")
        if row.toolkit is None or toolkit in row.toolkit
    ]
    if not rows:
        message = f"what vLLM {vllm} compiles for with CUDA {name.cuda} is not known"
        yield Reason(state="unknown", about=KERNELS, message=message)
    for row in rows[:1]:
        yield _of_row(vllm, name, row)


def _of_row(vllm: str, name: Name, row: Build) -> Reason:
    targets, number = row.targets or (), name.capability
    runs = [target for target in targets if cuda.runs(target, number)]
    state: State = "yes" if runs else "no"
    message, note = f"vLLM {vllm} compiles for {number}", None
    if not runs:
        message = f"vLLM {vllm} with CUDA {name.cuda} compiles for {', '.join(targets)}, not for {number}"
        note = "the package builds, and has no kernels"
    elif number not in targets:
        message = f"vLLM {vllm} compiles nothing for {number}, which runs code of {runs[-1]}"
        if (taken := _taken(targets, number)) != runs[-1]:
            state = "unknown"
            message += f"; its build takes that of {taken} instead, of an embedded chip"
    return Reason(state=state, about=KERNELS, message=message, note=note, source=row.source, confidence=row.confidence)


def _taken(targets: tuple[str, ...], number: str) -> str:
    """What vLLM's CMake takes for a capability: the highest of its list that is no higher, of the same major."""
    wanted = release(number) or ()
    alike = (target for target in targets if (release(target) or ())[:1] == wanted[:1])
    return max((target for target in alike if (release(target) or ()) <= wanted), key=lambda each: release(each) or ())
