"""Nix expressions as values: what a target builds, and `printer` turns into text.

Nobody pastes Nix together from strings, so that no text of a user can become syntax: quoting, parentheses and layout
are the printer's business. The nodes are those of the language itself (the Nix manual, "Language"), without what no
target needs: URLs without quotes, `<search paths>`, and the old `let { }`.

This neither evaluates nor checks types, and knows nothing of nixpkgs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from remuda.errors import SpecError

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*", re.ASCII)
_KEYWORDS: Final = frozenset({"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"})
_LOCATION: Final = re.compile(r"(?:\.{1,2})?(?:/[A-Za-z0-9._+-]+)+", re.ASCII)
_MAX: Final = 2**63 - 1

CHAINED: Final = frozenset({"++", "*", "/", "+", "-", "//", "&&", "||"})
"""Operators that may have more than two operands; they bind as Nix binds them."""
OPERATORS: Final = CHAINED | {"<", "<=", ">", ">=", "==", "!=", "->"}


def is_word(name: str) -> bool:
    """Whether a name needs no quotes as an attribute, and may be a variable."""
    return _WORD.fullmatch(name) is not None and name not in _KEYWORDS


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, and `true`, `false` and `null`, which are variables too."""

    name: str

    def __post_init__(self) -> None:
        _expect_word(self.name)


@dataclass(frozen=True, slots=True)
class Number:
    """A number. Nix has integers of 64 bits and finite floats."""

    value: int | float

    def __post_init__(self) -> None:
        is_integer = isinstance(self.value, int)
        if not (-_MAX - 1 <= self.value <= _MAX if is_integer else abs(self.value) < float("inf")):
            kind = "an integer that fits into 64 bits" if is_integer else "a finite number"
            raise SpecError(f"cannot write `{self.value}` in Nix: it is not {kind}", hint="write it as a text")


@dataclass(frozen=True, slots=True)
class Text:
    """A string in double quotes; parts that are expressions are interpolated."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """An indented string, between two single quotes, which has a line for each of its own."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """A path: absolute, or relative to the file that it stands in (`./module.nix`)."""

    path: str

    def __post_init__(self) -> None:
        if not _LOCATION.fullmatch(self.path):
            hint = "name it with letters, digits and `._+-`, and begin with `/`, `./` or `../`"
            raise SpecError(f"cannot write `{self.path}` as a path in Nix", hint=hint)


@dataclass(frozen=True, slots=True)
class List:
    """A list."""

    items: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """`path = value;` with the comment above it; `is_apart` puts a blank line before both."""

    path: tuple[Attribute, ...]
    value: Expression
    comment: str = ""
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Inherit:
    """`inherit names;`, from the scope or from `source`."""

    names: tuple[str, ...]
    source: Expression | None = None
    comment: str = ""
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Set:
    """An attribute set; the values of a recursive one see each other."""

    entries: tuple[Entry, ...] = ()
    is_recursive: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """The names that a function takes out of a set, each with its default; `is_open` lets it have others too."""

    names: Mapping[str, Expression | None]
    is_open: bool = False
    alias: str | None = None

    def __post_init__(self) -> None:
        for name in (*self.names, *([] if self.alias is None else [self.alias])):
            _expect_word(name)

    def __hash__(self) -> int:
        return hash((tuple(self.names.items()), self.is_open, self.alias))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one argument: a name or a pattern."""

    parameter: str | Pattern
    body: Expression

    def __post_init__(self) -> None:
        if isinstance(self.parameter, str):
            _expect_word(self.parameter)


@dataclass(frozen=True, slots=True)
class Apply:
    """A function with its arguments."""

    function: Expression
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """`base.path`, or `default` where there is no such attribute."""

    base: Expression
    path: tuple[Attribute, ...]
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class Has:
    """`base ? path`."""

    base: Expression
    path: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """`!operand`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands or more with an operator between them."""

    operator: str
    operands: tuple[Expression, ...]

    def __post_init__(self) -> None:
        count = len(self.operands)
        if self.operator not in OPERATORS or count < 2 or (count > 2 and self.operator not in CHAINED):  # noqa: PLR2004
            raise ValueError(f"{self.operator} with {count} operands is no operation of Nix")


@dataclass(frozen=True, slots=True)
class If:
    """`if condition then this else otherwise`."""

    condition: Expression
    this: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Let:
    """Local names for a body."""

    entries: tuple[Entry, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class With:
    """The attributes of `scope` as names for a body."""

    scope: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Assert:
    """A body that is evaluated if the condition holds."""

    condition: Expression
    body: Expression


Expression: TypeAlias = (
    Name
    | Number
    | Text
    | Block
    | Location
    | List
    | Set
    | Function
    | Apply
    | Select
    | Has
    | Negation
    | Operation
    | If
    | Let
    | With
    | Assert
)
Part: TypeAlias = str | Expression
"""A piece of a string: its own characters, or what is interpolated."""
Attribute: TypeAlias = str | Text
"""The name of an attribute: any text, or one that is computed."""
Entry: TypeAlias = Binding | Inherit


@dataclass(frozen=True, slots=True)
class File:
    """A whole file, with the comment at its head."""

    body: Expression
    comment: str = ""


def ref(path: str) -> Name | Select:
    """The expression for a dotted name, such as `lib.types.str`."""
    base, *rest = path.split(".")
    return Select(Name(base), tuple(rest)) if rest else Name(base)


def call(function: str | Expression, *arguments: Expression) -> Apply:
    """The application of a function, which may be given by its dotted name."""
    return Apply(ref(function) if isinstance(function, str) else function, arguments)


def bind(path: str, value: Expression, comment: str = "") -> Binding:
    """A binding for a dotted path of plain names; a name that comes from a user belongs into `Binding`."""
    return Binding(tuple(path.split(".")), value, comment)


def text(*parts: Part) -> Text:
    """A string in double quotes."""
    return Text(parts)


def _expect_word(name: str) -> None:
    if not is_word(name):
        raise ValueError(f"{name!r} is no variable of Nix")
