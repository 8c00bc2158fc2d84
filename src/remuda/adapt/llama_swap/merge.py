"""The files of a configuration directory, put together by llama-swap's rules.

Mappings are merged and lists joined; a value that two files give must be the same in both, and nothing yields to
something. Where the keys are names (of models, groups, …) each may be in one file only.

Source: internal/config/merge.go of mostlygeek/llama-swap.
"""

from __future__ import annotations

from typing import Final

from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import Node
from remuda.spec.document import Path
from remuda.spec.form import label

_NAMES: Final[frozenset[Path]] = frozenset(
    (
        *((key,) for key in ("models", "groups", "profiles", "selectors", "peers", "matrix")),
        ("routing", "router", "settings", "groups"),
        ("routing", "router", "settings", "matrix"),
    )
)
"""Where keys are names."""


def merged(first: Node, second: Node, said: Said, path: Path = ()) -> Node:
    """Both, of which the second is read later; what contradicts is told at its place in the second."""
    match first.value, second.value:
        case dict() as one, dict() as other:
            return first.of(_mapping(one, other, said, path))
        case list() as one, list() as other:
            return first.of([*one, *other])
        case None, _:
            return second
        case _, None:
            return first
        case dict() | list(), _:
            said.refuse(second, f"{label(path)} is of another kind than in `{first.place.file}`")
        case one, other if one != other or type(one) is not type(other):
            said.refuse(second, f"{label(path)} is another than in `{first.place.file}`", hint="remove one of the two")
    return first


def _mapping(one: dict[str, Node], other: dict[str, Node], said: Said, path: Path) -> dict[str, Node]:
    both = dict(one)
    for key, node in other.items():
        if key not in one:
            both[key] = node
        elif path in _NAMES:
            message = f"{label((*path, key))} is in `{one[key].key.file}` already"
            said.refuse(node.key, message, hint="remove one of the two")
        else:
            both[key] = merged(one[key], node, said, (*path, key))
    return both
