"""What is changed in requests: `filters`.

A parameter may be named by a path in llama-swap (`a.b` is `b` inside of `a`); a fleet file names whole parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.adapt.llama_swap.section import Section
from remuda.spec.form import FormError
from remuda.spec.values import parse_parameter

_PATH: Final = re.compile(r"(?<!\\)\.")


@dataclass(slots=True)
class Changes:
    """The keys of a model or lane. `by_name`: what is set in requests that use a certain name."""

    strip_params: list[str] = field(default_factory=list)
    set_params: dict[str, Any] = field(default_factory=dict)
    by_name: dict[str, dict[str, Any]] = field(default_factory=dict)

    def keys(self) -> dict[str, Any]:
        """Those of a model."""
        found = {"strip_params": self.strip_params, "set_params": self.set_params}
        return {key: value for key, value in found.items() if value}


def changes(section: Section) -> Changes:
    """What a model's or a peer's filters change."""
    filters = section.section("filters")
    stripped = filters.text("stripParams") or filters.text("strip_params") or ""
    filters.has("strip_params")
    found = Changes(
        strip_params=_stripped(filters, stripped),
        set_params=_parameters(filters, filters.data("setParams"), "setParams"),
    )
    named = filters.section("setParamsByID")
    for name in named.node.pairs:
        found.by_name[name] = _parameters(filters, named.data(name), "setParamsByID")
    filters.rest()
    return found


def _stripped(filters: Section, text: str) -> list[str]:
    names = dict.fromkeys(name.strip() for name in text.split(","))
    return sorted(name for name in names if name and _may_change(filters, name, "stripParams", is_whole=True))


def _parameters(filters: Section, given: Mapping[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(given):
        if not _may_change(filters, name, key):
            continue
        *above, last = _PATH.split(name)
        inside = found
        for part in above:
            below = inside.setdefault(part, {})
            inside = below if isinstance(below, dict) else inside
        inside[last.replace("\\.", ".")] = given[name]
    return found


def _may_change(filters: Section, name: str, key: str, *, is_whole: bool = False) -> bool:
    """Whether a fleet file can change the parameter too, which is said if it cannot."""
    at = filters.node.get(key) or filters.node
    what = f"{filters.label(key)}: `{name}`"
    try:
        parse_parameter(name)
    except FormError as error:
        filters.context.said.warn(at, f"{what} {error.message}", path=filters.fleet_path)
        return False
    if not _PATH.search(name):
        return True
    outcome = "is left out" if is_whole else "sets the whole of its first part"
    filters.context.said.warn(
        at, f"{what} {outcome}: a fleet file names no parts of a parameter", path=filters.fleet_path
    )
    return not is_whole
