"""Which variant a machine needs, and why not the others.

A variant fits a card if its code runs there, the driver runs its CUDA, and the processor has its instruction set. Of
those that fit, the best is for exactly this card, with the newest vLLM, a CUDA whose own driver is loaded rather than
one that runs by minor version compatibility, and the most of what the processor has. Where the processor is not known,
the one that needs the least of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from remuda.facts.cpu import Cpu
from remuda.facts.host import Host
from remuda.knowledge import cuda
from remuda.knowledge.isas import isas
from remuda.knowledge.release import release
from remuda.plan.variants.matrix import Variant
from remuda.plan.verdict.drivers import explain
from remuda.plan.verdict.target import Target, numbers, target

About = Literal["card", "processor", "driver", "kernels", "lesser"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A variant that is not taken, and why. `about`: what decided, `lesser` where it would run."""

    variant: Variant
    about: About
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The variant for cards of one kind: None if none fits. `devices` are their names."""

    devices: tuple[str, ...]
    title: str
    capability: str
    variant: Variant | None
    remarks: tuple[str, ...]
    rejected: tuple[Rejected, ...]


def pick(variants: Iterable[Variant], host: Host) -> tuple[Choice, ...]:
    """A choice for each kind of NVIDIA card of a host, in the order of its devices."""
    all_of = tuple(variants)
    kinds: dict[str, list[Target]] = {}
    for device in host.of_kind("cuda"):
        card = target(host, device)
        if card and card.code:
            kinds.setdefault(card.code, []).append(card)
    return tuple(_choice(all_of, cards, number) for number, cards in kinds.items())


def _choice(variants: tuple[Variant, ...], cards: list[Target], number: str) -> Choice:
    card = cards[0]
    judged = [(each, next(_objections(each, card, number), None)) for each in variants]
    best = max((each for each, why in judged if why is None), key=lambda each: _rank(each, card), default=None)
    rejected = [
        Rejected(each, *(why or ("lesser", _lesser(each, best, card)))) for each, why in judged if each is not best
    ]
    names = tuple(each.name for each in cards)
    return Choice(names, card.title, number, best, tuple(_remarks(best, card)) if best else (), tuple(rejected))


def _objections(variant: Variant, card: Target, number: str) -> Iterator[tuple[About, str]]:
    """Why a variant cannot run there."""
    name = variant.name
    if cuda.runs(name.capability, number) is None:
        yield "card", f"it has code for {name.capability}, and the card is {number}"
    yield from (("processor", why) for why in _processor(variant, card.cpu))
    row = cuda.toolkit(name.cuda)
    if row and card.driver and (found := explain(row, card.driver)).state == "no":
        yield "driver", found.message
    if not variant.is_wanted():
        yield "kernels", variant.reasons[0].message


def _processor(variant: Variant, cpu: Cpu | None) -> Iterator[str]:
    row = variant.name.isa
    if cpu is None:
        return
    if row.machine != cpu.architecture:
        yield f"it is for {row.machine}, and the machine is {cpu.architecture}"
    elif missing := [flag for flag in row.needs if not cpu.has(flag)]:
        yield f"the processor has no `{'`, `'.join(missing)}`"


def _rank(variant: Variant, card: Target) -> tuple[object, ...]:
    name = variant.name
    return (
        variant.state == "yes",
        name.capability == card.code,
        release(name.capability) or (),
        release(variant.spec.vllm) or (),
        _has_own_driver(variant, card),
        release(name.cuda) or (),
        isas().index(name.isa) * (1 if card.cpu else -1),
        release(name.python) or (),
    )


def _has_own_driver(variant: Variant, card: Target) -> bool:
    row = cuda.toolkit(variant.name.cuda)
    return bool(row and row.driver and card.driver and numbers(card.driver) >= numbers(row.driver))


def _lesser(variant: Variant, best: Variant | None, card: Target) -> str:
    """Why a variant that fits is not the best: the first thing in which the two differ."""
    assert best is not None  # noqa: S101 (one fits, so there is a best)
    aspects = (
        "certain to work",
        "made for exactly this card",
        "made for a nearer card",
        "of a newer vLLM",
        "with a CUDA of this driver",
    )
    processor = "made for more of what the processor has" if card.cpu else "made for less of a processor"
    words = (*aspects, "of a newer CUDA", processor, "for a newer Python")
    pairs = zip(words, _rank(best, card), _rank(variant, card), strict=True)
    differs = next((word for word, mine, other in pairs if mine != other), "")
    return f"it would run; the one that was taken is {differs or 'named first'}"


def _remarks(variant: Variant, card: Target) -> Iterator[str]:
    row = cuda.toolkit(variant.name.cuda)
    if card.driver is None:
        yield "the driver of the machine is not known"
    elif row:
        yield explain(row, card.driver).message
    if card.cpu is None:
        yield "the processor of the machine is not known"
    yield from (reason.message for reason in variant.reasons)
