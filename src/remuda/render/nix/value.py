"""Plain data as an expression: what JSON can hold is a value of Nix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from remuda.render.nix.expression import Binding, Block, Expression, List, Name, Number, Set, Text

_NAMED: Final = {None: "null", True: "true", False: "false"}


def value(data: Any) -> Expression:
    """The expression that evaluates to the data, keys in their order; SpecError for a number that Nix has not."""
    match data:
        case None | bool():
            return Name(_NAMED[data])
        case int() | float():
            return Number(data)
        case str():
            return prose(data)
        case Mapping():
            return Set(tuple(Binding((str(key),), value(item)) for key, item in data.items()))
        case Sequence():
            return List(tuple(map(value, data)))
    raise TypeError(f"{type(data).__name__} is no data of JSON")


def prose(text: str) -> Text | Block:
    """A text in the form that is easier to read: a block of lines if it has several."""
    lines = text.split("\n")
    is_easier = "\n" in text.rstrip("\n") and all(map(str.isprintable, lines))
    return Block((text,)) if is_easier else Text((text,))
