"""Which models may be up together: expressions over model IDs, and the families they stand for.

`&` means together, `|` means either, parentheses group, `+name` includes another set (the language of llama-swap's
matrix). `(a | b) & c` stands for {a, c} and {b, c}; any subset of a family is allowed as well. A set that includes
itself, directly or not, is an error, and so is one that allows more than `MAX_COMBINATIONS`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from remuda.spec.form import FormError

MAX_COMBINATIONS: Final = 4096
MAX_DEPTH: Final = 32

_TOKEN: Final = re.compile(r"\s*(?:([&|()])|(\+?)([A-Za-z0-9][A-Za-z0-9._:/-]*)|(\S))")


@dataclass(frozen=True, slots=True)
class Member:
    """A model ID in an expression, `offset` characters from its beginning."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Include:
    """Another set in an expression."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Together:
    """Operands that may be up together (`&`)."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Operands of which one may be up (`|`)."""

    operands: tuple[Expression, ...]


Expression = Member | Include | Together | Either


class CycleError(FormError):
    """A set includes itself, through `names`."""

    def __init__(self, names: Sequence[str]) -> None:
        loop = " → ".join((*names, names[0]))
        super().__init__(f"includes itself: {loop}", hint="remove one of the `+` includes")
        self.names = tuple(names)


def parse(text: str) -> Expression:
    """Read one expression; `&` binds closer than `|`. Raises `FormError` at the offset of the mistake."""
    parser = _Parser(list(_tokens(text)))
    expression = parser.either(0)
    kind, word, offset = parser.tokens[parser.next]
    if kind != "end":
        what = "`&` or `|` between two models" if kind == "name" else "`&`, `|` or the end"
        raise FormError(f"has `{word}` at character {offset + 1}: expected {what}", offset=offset)
    return expression


def leaves(expression: Expression) -> Iterator[Member | Include]:
    """The models and included sets of an expression, in the order of the text."""
    if isinstance(expression, Member | Include):
        yield expression
    else:
        for operand in expression.operands:
            yield from leaves(operand)


def families(sets: Mapping[str, str]) -> tuple[frozenset[str], ...]:
    """The combinations that the sets allow, in the order of definition, without any that is inside of an earlier one.

    One that is inside of a later one stays: where several cost the same to reach, the order decides.

    Raises `FormError` for what `parse` refuses, unknown or circular includes, and too many combinations.
    """
    expansion = Expansion({name: parse(text) for name, text in sets.items()})
    return _without_repeats(_bounded([family for name in sets for family in expansion.of_set(name)]))


@dataclass(slots=True)
class Expansion:
    """Expands sets into combinations, each set once however often it is included."""

    expressions: Mapping[str, Expression]
    done: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def of_set(self, name: str) -> list[frozenset[str]]:
        """The combinations of one set; raises `FormError` as `families` does."""
        if name in self.open:
            raise CycleError(self.open[self.open.index(name) :])
        if len(self.open) > MAX_DEPTH:
            raise FormError(f"includes more than {MAX_DEPTH} sets one in another")
        if name not in self.expressions:
            raise FormError(f"includes the unknown set `{name}`")
        if name not in self.done:
            self.open.append(name)
            self.done[name] = self._of(self.expressions[name])
            self.open.pop()
        return self.done[name]

    def _of(self, expression: Expression) -> list[frozenset[str]]:
        match expression:
            case Member(name):
                return [frozenset((name,))]
            case Include(name):
                return self.of_set(name)
            case Either(operands):
                return _bounded([family for operand in operands for family in self._of(operand)])
            case Together(operands):
                return functools.reduce(_product, map(self._of, operands))


def _product(left: list[frozenset[str]], right: list[frozenset[str]]) -> list[frozenset[str]]:
    if len(left) * len(right) > MAX_COMBINATIONS:
        raise _too_many()
    return _bounded([one | other for one in left for other in right])


def _bounded(found: list[frozenset[str]]) -> list[frozenset[str]]:
    once = list(dict.fromkeys(found))
    if len(once) > MAX_COMBINATIONS:
        raise _too_many()
    return once


def _too_many() -> FormError:
    message = f"allows more than {MAX_COMBINATIONS} combinations"
    return FormError(message, hint="declare `memory` on the models instead, so that what fits is computed")


def _without_repeats(found: list[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Those that are not inside of an earlier one; bit masks, because there may be millions of comparisons."""
    bit = {name: 1 << index for index, name in enumerate(sorted(frozenset().union(*found)))}
    kept: dict[int, frozenset[str]] = {}
    for family in found:
        mask = sum(bit[name] for name in family)
        if not any(mask & earlier == mask for earlier in kept):
            kept[mask] = family
    return tuple(kept.values())


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and offset of each token, an `end` last."""
    for match in _TOKEN.finditer(text):
        operator, plus, name, other = match.groups()
        if other:
            hint = "write a set's name directly after the `+`" if other == "+" else None
            message = f"has `{other}` at character {match.start(4) + 1}: expected a model ID, `&`, `|`, `(`, `)` or `+`"
            raise FormError(message, hint=hint, offset=match.start(4))
        if operator:
            yield operator, operator, match.start(1)
        else:
            yield ("include" if plus else "name"), name, match.start(2 if plus else 3)
    yield "end", "the end", len(text)


@dataclass(slots=True)
class _Parser:
    tokens: list[tuple[str, str, int]]
    next: int = 0

    def either(self, depth: int) -> Expression:
        operands = [self.together(depth)]
        while self.take("|"):
            operands.append(self.together(depth))
        return operands[0] if len(operands) == 1 else Either(tuple(operands))

    def together(self, depth: int) -> Expression:
        operands = [self.operand(depth)]
        while self.take("&"):
            operands.append(self.operand(depth))
        return operands[0] if len(operands) == 1 else Together(tuple(operands))

    def operand(self, depth: int) -> Expression:
        kind, word, offset = self.tokens[self.next]
        if self.take("name"):
            return Member(word, offset)
        if self.take("include"):
            return Include(word, offset)
        if depth < MAX_DEPTH and self.take("("):
            inner = self.either(depth + 1)
            if not self.take(")"):
                raise FormError(f"has a `(` at character {offset + 1} without its `)`", offset=offset)
            return inner
        where = "at the end" if kind == "end" else f"at character {offset + 1}, not `{word}`"
        raise FormError(f"needs a model ID, `+set` or `(` {where}", offset=offset)

    def take(self, kind: str) -> bool:
        found = self.tokens[self.next][0] == kind
        self.next += found
        return found
