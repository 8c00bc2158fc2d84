"""Macros: `${name}` in any value.

The order of definition counts: from the last to the first, each macro is put in wherever its name stands by then. So
a macro may use those defined before it, and one that is defined later stays as it is, which is an error. A value that
is a name and nothing else takes the macro's type. Those of a model come over the global ones, at their place in the
order; what is new comes behind. Keys are no values, but for those of `filters.setParamsByID`.

What a name stands for is computed once; only where names are put together from others (`${size-${n}}`) or something is
empty they are put in one after the other, as llama-swap does everywhere. All of it is bounded, since macros can double
a text with each line.

Source: internal/config/{macros,load}.go of mostlygeek/llama-swap.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from remuda.adapt.llama_swap.tree import Node, Plain
from remuda.quoting.llama_swap import MACRO, spelled

MAX_TEXT: Final = 2**20
"""Characters of one text."""

MAX_WORK: Final = 2**24
"""Characters of all texts that macros make, and what it costs to make them, by the two weights below."""

_PER_VALUE: Final = 512
_PER_STEP: Final = 16

_NESTED: Final = re.compile(r"\$\{[a-zA-Z0-9_-]*\$\{")


class TooLargeError(Exception):
    """The macros make more text than any configuration has."""


@dataclass(slots=True)
class Budget:
    """What is left of the work that macros may make."""

    left: int = MAX_WORK

    def spend(self, amount: int) -> None:
        """Raises `TooLargeError` when all is spent."""
        self.left -= amount
        if self.left < 0 or amount > MAX_TEXT:
            raise TooLargeError


@dataclass(slots=True)
class Scope:
    """Macros in their order, the values as they are defined; `first` are those that all come behind these."""

    values: Mapping[str, Plain]
    budget: Budget
    first: Scope | None = None
    _order: dict[str, int] = field(init=False)
    _known: dict[str, Plain] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._order = {name: index for index, name in enumerate(self.values)}

    def expanded(self, node: Node) -> Node:
        """The value with all macros put in; raises `TooLargeError`."""
        value = node.value
        if isinstance(value, str):
            return node.of(self.put_in(value)) if "${" in value else node
        if isinstance(value, dict):
            return node.of({key: self.expanded(child) for key, child in value.items()})
        return node.of([self.expanded(child) for child in value]) if isinstance(value, list) else node

    def put_in(self, text: str) -> Plain:
        """A text with all macros put in."""
        value = self.first.put_in(text) if self.first else text
        return self._put_in(value, len(self._order)) if isinstance(value, str) else value

    def _put_in(self, text: str, before: int) -> Plain:
        """With those that are defined before a place in the order."""
        if _NESTED.search(text):
            return self._one_by_one(text, before)
        found = [name for name in dict.fromkeys(MACRO.findall(text)) if self._order.get(name, before) < before]
        for name in found:
            self._compute(name)
        if len(found) == 1 and text == f"${{{found[0]}}}":
            return self._known[found[0]]
        if "" in map(self._known.get, found):  # what is left may be a name and nothing else
            return self._one_by_one(text, before)
        texts = {name: spelled(self._known[name]) for name in found}
        self.budget.spend(len(text) + sum(text.count(f"${{{name}}}") * len(texts[name]) for name in found))
        return MACRO.sub(lambda match: texts.get(match[1], match[0]), text) if found else text

    def _compute(self, name: str) -> None:
        """What a macro stands for, and before it what all those stand for that it uses."""
        needed = self._needed(name)
        for each in sorted(needed, key=self._order.__getitem__):
            self.budget.spend(_PER_VALUE)
            value = self.values[each]
            self._known[each] = self._put_in(value, self._order[each]) if isinstance(value, str) else value

    def _needed(self, name: str) -> set[str]:
        needed: set[str] = set()
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each in needed or each in self._known:
                continue
            needed.add(each)
            value = self.values[each]
            used = set(MACRO.findall(value)) if isinstance(value, str) else ()
            waiting += (other for other in used if self._order.get(other, math.inf) < self._order[each])
        return needed

    def _one_by_one(self, text: str, before: int) -> Plain:
        value: Plain = text
        for name in reversed([name for name, index in self._order.items() if index < before]):
            self.budget.spend(_PER_STEP)
            slug = f"${{{name}}}"
            if value == slug:
                value = self.values[name]
            elif isinstance(value, str) and slug in value:
                by = spelled(self.values[name])
                self.budget.spend(len(value) + value.count(slug) * len(by))
                value = value.replace(slug, by)
        return value
