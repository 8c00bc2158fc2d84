"""Adds to a text of variants: a CUDA toolkit, a vLLM or a capability, with everything else left as it stands.

Each is an edit of the text, so that comments and order stay. What is gained follows from comparing the lines before and
after, not from what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from remuda.errors import SpecError
from remuda.knowledge import cuda
from remuda.knowledge.isas import isas
from remuda.knowledge.release import release
from remuda.plan.variants.compare import Comparison, differences
from remuda.plan.variants.matrix import Variant, variants
from remuda.spec.edit import put
from remuda.spec.form import FormError
from remuda.spec.variants import Line, Variants, parse_hash, parse_revision, parse_short, parse_version


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A vLLM to be added: `like` is the line whose matrix it gets, `hash` that of nixpkgs, None if not known."""

    name: str
    like: str
    vllm: str
    nixpkgs: str
    hash: str | None = None
    torch: str | None = None
    python: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gain:
    """What a line has now that it had not; `refused` are the new combinations that cannot work."""

    line: str
    comparison: Comparison
    refused: tuple[Variant, ...]


def newest(file: Variants) -> str:
    """The line with the newest vLLM, the first of several."""
    return max(file.lines, key=lambda name: release(file.lines[name].vllm) or ())


def add_cuda(text: str, file: Variants, lines: Iterable[str], toolkit: str) -> str:
    """The text with a CUDA toolkit in these lines; raises SpecError where one has it."""
    _form(parse_short, toolkit, "toolkit")
    for name in lines:
        spec = file.lines[name]
        if toolkit in spec.cuda:
            raise SpecError(f"`{name}` has CUDA {toolkit} already", hint="name another line with `--line`")
        text = put(text, ("lines", name, "cuda", len(spec.cuda)), toolkit)
    return text


def add_capability(text: str, file: Variants, lines: Iterable[str], number: str, isas: tuple[str, ...]) -> str:
    """The text with a capability in these lines: for `isas`, else for those of the nearest capability below it."""
    _form(parse_short, number, "capability")
    if cuda.capability(number) is None:
        hint = f"use one of {', '.join(row.capability for row in cuda.capabilities())}"
        raise SpecError(f"cannot add `{number}`: it is no compute capability that is known", hint=hint)
    for name in lines:
        spec = file.lines[name]
        if number in spec.capabilities:
            raise SpecError(f"`{name}` has {number} already", hint="name another line with `--line`")
        text = put(text, ("lines", name, "capabilities", number), list(isas or _nearest(spec, number)))
    return text


def add_line(text: str, file: Variants, line: NewLine) -> str:
    """The text with a new line; raises SpecError if there is one of that name."""
    if line.name in file.lines:
        raise SpecError(f"there is a line `{line.name}` already", hint="give it another name with `--name`")
    _form(parse_version, line.vllm, "release")
    _form(parse_revision, line.nixpkgs, "revision")
    _form(parse_hash, line.hash, "hash")
    like = file.lines[line.like]
    known = file.pins.get(line.nixpkgs)
    if known and line.hash and known != line.hash:
        message = f"cannot add another hash for nixpkgs {line.nixpkgs[:7]}: `pins` has `{known}`"
        raise SpecError(message, hint="correct the one that is wrong")
    if known is None:
        text = put(text, ("pins", line.nixpkgs), line.hash)
    return put(text, ("lines", line.name), dict(_entries(line, like)))


def gains(before: Variants, after: Variants, *, force: bool = False) -> tuple[Gain, ...]:
    """What each line that changed has gained; a new line is compared with nothing."""
    found = []
    for name, line in after.lines.items():
        old = before.lines.get(name)
        if old == line:
            continue
        start = (name, old or line.model_copy(update={"capabilities": {}}))
        had = {each.name.build for each in variants(*start)}
        fresh = (each for each in variants(name, line) if each.name.build not in had)
        refused = tuple(each for each in fresh if not each.is_wanted(force=force))
        found.append(Gain(name, differences(start, (name, line), force=force), refused))
    return tuple(found)


def _entries(line: NewLine, like: Line) -> Iterator[tuple[str, Any]]:
    yield "vllm", line.vllm
    yield "nixpkgs", line.nixpkgs
    if line.torch:
        yield "torch", line.torch
    yield "python", list(line.python or like.python)
    yield "cuda", list(like.cuda)
    if like.disk_gb:
        yield "disk_gb", like.disk_gb
    yield "capabilities", {number: list(isas) for number, isas in like.capabilities.items()}


def _nearest(line: Line, number: str) -> tuple[str, ...]:
    """The instruction sets of the highest capability that is lower, as far as there are processors of them beside it.

    Where there are none, those of the right machine that the line has anywhere, else its plain one.
    """
    row = cuda.capability(number)
    ordered = sorted(line.capabilities, key=lambda each: release(each) or ())
    lower = [each for each in ordered if (release(each) or ()) < (release(number) or ())]
    nearest = line.capabilities[lower[-1] if lower else ordered[0]]
    machine = row.machine if row else None
    if machine is None:
        return nearest
    of_machine = {each.isa for each in isas() if each.machine == machine}
    anywhere = dict.fromkeys(name for names in line.capabilities.values() for name in names)
    found = [tuple(name for name in names if name in of_machine) for names in (nearest, anywhere)]
    return found[0] or found[1] or (machine,)


def _form(parse: Any, value: str | None, what: str) -> None:
    try:
        parse(value)
    except FormError as error:
        raise SpecError(f"cannot add `{value}`: a {what} {error.message}", hint=error.hint) from None
