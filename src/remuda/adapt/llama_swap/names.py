"""The names that clients may send, each of which means one thing.

llama-swap takes any text for a name, and lets a model's ID hide an alias or a peer's model of that name. A fleet file
takes letters, digits and `._:/-`, and each name once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import Node, Place
from remuda.spec.values import NAME_PATTERN

_NAME: Final = re.compile(NAME_PATTERN)


@dataclass(slots=True)
class Names:
    """Names as clients send them. `models`: llama-swap's IDs → the fleet's; `aliases`: → the model's ID there.

    `others` lead to what is no model of this machine. `taken` are the names that the fleet has. `is_wanted` tells
    whether a model was asked for; nobody misses another one.
    """

    said: Said
    is_wanted: Callable[[str], bool] = lambda _: True
    models: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def model(self, name: str) -> str | None:
        """The fleet's ID of the model that a name or an alias means."""
        return self.models.get(name) or self.aliases.get(name)

    def target(self, name: str) -> str | None:
        """The name under which the fleet has what a name means, if anything."""
        if name in self.models:
            return self.models[name]
        return name if name in self.aliases else self.others.get(name)

    def miss(self, name: str, at: Node | Place, where: str) -> None:
        """Something leads to a model that is not there."""
        if self.is_wanted(name):
            self.said.warn(at, f"{where}: there is no model `{name}`: it is left out")

    def add_alias(self, name: str, model_id: str) -> None:
        """Another name of a model of this machine."""
        self.aliases[name] = model_id
        self.taken.add(name)

    def add_other(self, name: str, target: str) -> None:
        """A name that leads to something else of the fleet, by its name there."""
        self.others[name] = target
        self.taken.add(target)

    def add_models(self, models: Mapping[str, Place]) -> None:
        """The IDs of all models; those that a fleet file cannot hold become others that none has."""
        self.models = {source_id: source_id for source_id in models if _NAME.fullmatch(source_id)}
        self.taken |= self.models.keys()
        for source_id, at in models.items():
            if source_id in self.models:
                continue
            name = self.models[source_id] = usable(source_id, self.taken)
            self.taken.add(name)
            message = f"the model `{source_id}` becomes `{name}`: a name has letters, digits and `._:/-` only"
            self.said.warn(at, message, path=("models", name))

    def may_add(self, name: str, what: str, at: Node | Place) -> bool:
        """Whether the name is free and can be sent; it is said if not."""
        if name in self.taken:
            self.said.warn(at, f"the {what} `{name}` is left out: the name is taken")
        elif not _NAME.fullmatch(name):
            message = f"the {what} `{name}` is left out: a name has letters, digits and `._:/-` only"
            self.said.warn(at, message)
        else:
            return True
        return False


def usable(name: str, taken: set[str]) -> str:
    """A name that a fleet file takes and that is free, as near to this one as can be."""
    bare = name if _NAME.fullmatch(name) else re.sub(r"[^A-Za-z0-9._:/-]+", "-", name).strip("-._:/") or "model"
    free, number = bare, 2
    while free in taken:
        free, number = f"{bare}-{number}", number + 1
    return free
