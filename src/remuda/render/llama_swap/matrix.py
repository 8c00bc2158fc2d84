"""Which models may be up together, in llama-swap's words.

`residency.sets` are its matrix and `residency.groups` its groups: the languages are the same, but for the names. It
knows no memory, so without either the models of different devices may be up together, and those of one take turns.
A model that is on several devices then runs alone, as one does that no set names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.spec.fleet import Residency
from remuda.spec.sets import Either, Expression, Include, Member, Together, families, leaves, parse

_SET_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


def router(residency: Residency, devices: Mapping[str, tuple[str, ...]]) -> dict[str, Any] | None:
    """The router for models by their devices; None where llama-swap's own, one model at a time, is the right one."""
    if residency.groups:
        groups = dict(_groups(residency, devices))
        return {"use": "group", "settings": {"groups": groups}} if groups else None
    sets = residency.sets or by_device(devices)
    if not sets:
        return None
    spelled = _Matrix({name: parse(text) for name, text in sets.items()}, frozenset(devices))
    matrix = {
        "vars": {short: model for model, short in spelled.short.items()},
        "evict_costs": {spelled.short[m]: cost for m, cost in residency.evict_costs.items() if m in spelled.short},
        "sets": spelled.sets(),
    }
    return {"use": "matrix", "settings": {"matrix": {key: value for key, value in matrix.items() if value}}}


def by_device(devices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Sets that let models of different devices be up together; none where there is only one device."""
    places: dict[str, list[str]] = {}
    for model, names in devices.items():
        if len(names) == 1 and not names[0].endswith(":all"):
            places.setdefault(names[0], []).append(model)
    if len(places) < 2:  # noqa: PLR2004 (two that can be together)
        return {}
    return {"devices": " & ".join(f"({' | '.join(models)})" for models in places.values())}


def may_meet(residency: Residency, devices: Mapping[str, tuple[str, ...]], models: frozenset[str]) -> bool:
    """Whether llama-swap would let all of these models be up together."""
    if residency.groups:
        return any(models <= frozenset(group.members) and not group.swap for group in residency.groups.values())
    sets = residency.sets or by_device(devices)
    return bool(sets) and any(models <= family for family in families(sets))


def _groups(residency: Residency, devices: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, group in residency.groups.items():
        members = [member for member in group.members if member in devices]
        flags = {"swap": group.swap, "exclusive": group.exclusive, "persistent": group.persistent}
        if members:
            yield name, {**flags, "members": members}


@dataclass(slots=True)
class _Matrix:
    """Sets in which only models that are there are left: any subset of what is allowed is allowed too."""

    expressions: Mapping[str, Expression]
    present: frozenset[str]
    short: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, name in enumerate(self.expressions, 1):
            self.names[name] = name if _SET_NAME.fullmatch(name) else f"set{number}"
        for expression in self.expressions.values():
            for leaf in leaves(expression):
                if isinstance(leaf, Member) and leaf.name in self.present:
                    self.short.setdefault(leaf.name, f"m{len(self.short) + 1}")

    def sets(self) -> dict[str, str]:
        found = {self.names[name]: self._spelled(expression) for name, expression in self.expressions.items()}
        return {name: text for name, text in found.items() if text}

    def _spelled(self, expression: Expression) -> str:
        match expression:
            case Member(name):
                return self.short.get(name, "")
            case Include(name):
                return f"+{self.names[name]}" if self._spelled(self.expressions[name]) else ""
            case Together(operands):
                return self._joined(operands, " & ")
            case Either(operands):
                return self._joined(operands, " | ")

    def _joined(self, operands: Sequence[Expression], by: str) -> str:
        spelled = [(operand, self._spelled(operand)) for operand in operands]
        left = [(operand, text) for operand, text in spelled if text]
        if len(left) == 1:
            return left[0][1]
        return by.join(text if isinstance(operand, Member | Include) else f"({text})" for operand, text in left)
