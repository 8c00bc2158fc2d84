"""The text of expressions, laid out as nixfmt does (RFC 166): two spaces, 100 characters after them, a line each.

Three questions are asked of an expression: must it have several lines (`_is_tall`), what is it on one line (`_single`),
and what are its lines (`_lines`), of which the first may continue a line that was begun (`_absorbed`). As the width is
counted without the indentation, the layout of a part does not depend on where it stands.

Where nixfmt looks at how a text was written before, this has a fixed rule: sets and lists of more than one item have a
line for each. The text of equal expressions is equal, byte for byte.

Source: standard.md of NixOS/nixfmt at 2aebff9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from remuda.render.nix import quoting
from remuda.render.nix.expression import (
    Apply,
    Assert,
    Attribute,
    Binding,
    Block,
    Entry,
    Expression,
    File,
    Function,
    Has,
    If,
    Inherit,
    Let,
    List,
    Location,
    Name,
    Negation,
    Number,
    Operation,
    Part,
    Pattern,
    Select,
    Set,
    Text,
    With,
)
from remuda.render.nix.precedence import APPLY, HAS, NOT, SELECT, TERM, of_operands, precedence

_WIDTH: Final = 100
_NAMES_ON_A_LINE: Final = 3
_STEP: Final = "  "


def to_nix(file: File | Expression) -> str:
    """The text of a file; raises SpecError for a text that Nix cannot hold."""
    if not isinstance(file, File):
        file = File(file)
    return "".join(f"{line}\n" for line in (*quoting.comment_lines(file.comment), *_lines(file.body)))


def one_line(expression: Expression) -> str:
    """An expression on one line, however long; comments within are left out."""
    return _single(expression)


# Several lines


def _lines(expression: Expression) -> list[str]:
    if _fits(expression):
        return [_single(expression)]
    match expression:
        case Let(entries, body):
            return ["let", *_indented(_entries(entries)), "in", *_lines(body)]
        case If():
            return _choice(expression)
        case With(scope, body):
            return [f"with {_single(scope)};", *_lines(body)]
        case Assert(condition, body):
            return [f"assert {_single(condition)};", *_lines(body)]
        case Function(parameter, body):
            return _absorbed(expression) or [*_parameter(parameter), *_lines(body)]
        case Operation(operator, operands):
            return _chain(operator, operands)
        case Apply(function, arguments):
            return _absorbed(expression) or _broken(function, arguments)
        case Select(base, path, default):
            return _suffixed(_grouped(base, TERM), _single_selection(path, default))
        case Has(base, path):
            return _suffixed(_grouped(base, HAS - 1), f" ? {_path(path)}")
        case Negation(operand):
            return _prefixed("!", _grouped(operand, NOT))
    return _absorbed(expression) or [_single(expression)]


def _absorbed(expression: Expression) -> list[str] | None:
    """The lines of what may begin at the end of another line: only the first and the last are not indented."""
    if _fits(expression):
        return [_single(expression)]
    match expression:
        case Set(entries, is_recursive):
            return ["rec {" if is_recursive else "{", *_indented(_entries(entries)), "}"]
        case List(items):
            return ["[", *_indented(line for item in items for line in _grouped(item, SELECT)), "]"]
        case Block(parts):
            return _block(parts)
        case Function(str() as name, body):
            inner = _absorbed(body)
            return inner and _prefixed(f"{name}: ", inner)
        case With(scope, (Set() | List() | Block()) as body):
            inner = _absorbed(body)
            return inner and _prefixed(f"with {_single(scope)}; ", inner)
        case Apply(function, (*first, last)) if _fit((function, *first)):
            inner = _absorbed_argument(last)
            begun = inner and _prefixed(f"{' '.join(_words(function, first))} ", inner)
            return begun if begun and len(begun[0]) <= _WIDTH else None
    return None


def _absorbed_argument(argument: Expression) -> list[str] | None:
    return _absorbed(argument) if precedence(argument) <= SELECT else _parenthesised(argument)


def _grouped(expression: Expression, level: int) -> list[str]:
    """The lines of an expression in parentheses if it binds more loosely than the level."""
    if precedence(expression) <= level:
        return _lines(expression)
    return _parenthesised(expression)


def _parenthesised(expression: Expression) -> list[str]:
    inner = _absorbed(expression)
    return _suffixed(_prefixed("(", inner), ")") if inner else ["(", *_indented(_lines(expression)), ")"]


def _broken(function: Expression, arguments: Sequence[Expression]) -> list[str]:
    """An application with a line for each argument."""
    return [
        *_grouped(function, APPLY),
        *_indented(line for argument in arguments for line in _grouped(argument, SELECT)),
    ]


def _chain(operator: str, operands: Sequence[Expression]) -> list[str]:
    first, *others = operands
    lines = _grouped(first, of_operands(operator))
    for operand in others:
        if precedence(operand) > of_operands(operator):
            lines += _prefixed(f"{operator} ", _grouped(operand, TERM))
        elif inner := _absorbed(operand):
            lines += _prefixed(f"{operator} ", inner)
        else:
            lines += [operator, *_indented(_lines(operand))]
    return lines


def _choice(expression: If) -> list[str]:
    lines: list[str] = []
    otherwise: Expression = expression
    lead = "if"
    while isinstance(otherwise, If):
        condition, this = otherwise.condition, otherwise.this
        head = f"{lead} {_single(condition)} then"
        lines += [head] if _fits(condition, len(head)) else [lead, *_indented(_lines(condition)), "then"]
        lines += _indented(_lines(this))
        otherwise, lead = otherwise.otherwise, "else if"
    return [*lines, "else", *_indented(_lines(otherwise))]


def _entries(entries: Iterable[Entry]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        if entry.is_apart and number:
            yield ""
        yield from quoting.comment_lines(entry.comment)
        yield from _binding(entry) if isinstance(entry, Binding) else _inherit(entry)


def _binding(entry: Binding) -> list[str]:
    head, value = f"{_path(entry.path)} =", entry.value
    if isinstance(value, Text | Location | Name) or (not _is_set(value) and _fits(value, len(head) + 2)):
        return [f"{head} {_single(value)};"]
    inner = _expanded(value) if _is_set(value) else _absorbed(value)
    if inner and len(head) + 1 + len(inner[0]) <= _WIDTH and (len(inner) > 1 or _must_begin_here(value)):
        return _suffixed(_prefixed(f"{head} ", inner), ";")
    return [head, *_suffixed(_indented(_lines(value)), ";")]


def _is_set(value: Expression) -> bool:
    return isinstance(value, Set) and bool(value.entries)


def _must_begin_here(value: Expression) -> bool:
    return isinstance(value, List | Set | Block)


def _expanded(value: Expression) -> list[str] | None:
    """A set that is a binding's value: always with a line for each entry."""
    if not isinstance(value, Set):
        return None
    return ["rec {" if value.is_recursive else "{", *_indented(_entries(value.entries)), "}"]


def _inherit(entry: Inherit) -> list[str]:
    head = "inherit" if entry.source is None else f"inherit ({_single(entry.source)})"
    names = [quoting.attribute(name) for name in entry.names]
    line = f"{' '.join((head, *names))};"
    return [line] if len(line) <= _WIDTH else [head, *_indented((*names, ";"))]


def _parameter(parameter: str | Pattern) -> list[str]:
    """The lines of a function's parameter, with the colon."""
    if isinstance(parameter, str):
        return [f"{parameter}:"]
    line = f"{_single_pattern(parameter)}:"
    names = len(parameter.names) + parameter.is_open
    if names <= _NAMES_ON_A_LINE and len(line) <= _WIDTH and not any(parameter.names.values()):
        return [line]
    alias = "" if parameter.alias is None else f"{parameter.alias}@"
    return [f"{alias}{{", *_indented(_pattern_names(parameter)), "}:"]


def _pattern_names(pattern: Pattern) -> Iterator[str]:
    for name, default in pattern.names.items():
        if default is None:
            yield f"{name},"
        else:
            inner = _absorbed(default)
            head = f"{name} ?"
            begun = _prefixed(f"{head} ", inner) if inner else [head, *_indented(_lines(default))]
            yield from _suffixed(begun, ",")
    if pattern.is_open:
        yield "..."


def _block(parts: Sequence[Part]) -> list[str]:
    codes = iter([_single(part) for part in parts if not isinstance(part, str)])
    pieces = quoting.block_lines([part if isinstance(part, str) else None for part in parts])
    lines = ["".join(f"${{{next(codes)}}}" if piece is None else piece for piece in line) for line in pieces]
    if len(lines) == 1:
        return [f"''{lines[0]}''"]
    *body, last = lines
    return ["''", *_indented(body), "''"] if last == "" else ["''", *_indented((*body, f"{last}''"))]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"{_STEP}{line}" if line else "" for line in lines]


def _prefixed(prefix: str, lines: Sequence[str]) -> list[str]:
    return [prefix + lines[0], *lines[1:]]


def _suffixed(lines: Sequence[str], suffix: str) -> list[str]:
    return [*lines[:-1], lines[-1] + suffix]


# One line


def _fits(expression: Expression, taken: int = 0) -> bool:
    return not _is_tall(expression) and taken + len(_single(expression)) <= _WIDTH


def _fit(expressions: Sequence[Expression]) -> bool:
    return all(map(_fits, expressions))


def _is_tall(expression: Expression) -> bool:
    """Whether it has several lines however short it is."""
    match expression:
        case Let():
            return True
        case Block(parts):
            return any("\n" in part for part in parts if isinstance(part, str))
        case If(_, _, If()):
            return True
        case Set(entries):
            return len(entries) > 1 or any(map(_is_tall_entry, entries))
        case List(items):
            return len(items) > 1 or any(map(_is_tall, items))
        case Function(parameter, body):
            return (isinstance(parameter, Pattern) and len(_parameter(parameter)) > 1) or _is_tall(body)
        case Text() | Name() | Number() | Location():
            return False
    return any(map(_is_tall, _children(expression)))


def _is_tall_entry(entry: Entry) -> bool:
    if entry.comment:
        return True
    return isinstance(entry, Binding) and (_is_set(entry.value) or _is_tall(entry.value))


def _children(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Apply(function, arguments):
            return (function, *arguments)
        case Select(base, _, default):
            return (base,) if default is None else (base, default)
        case Has(base, _):
            return (base,)
        case Negation(operand):
            return (operand,)
        case Operation(_, operands):
            return operands
        case If(condition, this, otherwise):
            return (condition, this, otherwise)
        case With(above, body) | Assert(above, body):
            return (above, body)
    return ()


def _single(expression: Expression) -> str:  # noqa: C901, PLR0912  a line for each node of the language
    match expression:
        case Name(name):
            return name
        case Number(value):
            return _single_number(value)
        case Text(parts) | Block(parts):
            return _single_text(parts)
        case Location(path):
            return path
        case List(items):
            return " ".join(("[", *(_group(item, SELECT) for item in items), "]"))
        case Set(entries, is_recursive):
            return " ".join(("rec {" if is_recursive else "{", *map(_single_entry, entries), "}"))
        case Function(parameter, body):
            head = parameter if isinstance(parameter, str) else _single_pattern(parameter)
            return f"{head}: {_single(body)}"
        case Apply(function, arguments):
            return " ".join(_words(function, arguments))
        case Select(base, path, default):
            return _group(base, TERM) + _single_selection(path, default)
        case Has(base, path):
            return f"{_group(base, HAS - 1)} ? {_path(path)}"
        case Negation(operand):
            return f"!{_group(operand, NOT)}"
        case Operation(operator, operands):
            return f" {operator} ".join(_group(operand, of_operands(operator)) for operand in operands)
        case If(condition, this, otherwise):
            return f"if {_single(condition)} then {_single(this)} else {_single(otherwise)}"
        case Let(entries, body):
            return " ".join(("let", *map(_single_entry, entries), "in", _single(body)))
        case With(scope, body):
            return f"with {_single(scope)}; {_single(body)}"
        case Assert(condition, body):
            return f"assert {_single(condition)}; {_single(body)}"


def _group(expression: Expression, level: int) -> str:
    single = _single(expression)
    return single if precedence(expression) <= level else f"({single})"


def _words(function: Expression, arguments: Sequence[Expression]) -> tuple[str, ...]:
    return (_group(function, APPLY), *(_group(argument, SELECT) for argument in arguments))


def _single_number(value: float) -> str:
    if value == -(2**63):
        return f"(-{2**63 - 1} - 1)"
    return f"-{quoting.number(value)}" if value < 0 else quoting.number(value)


def _single_text(parts: Sequence[Part]) -> str:
    follows = [*(not isinstance(part, str) for part in parts[1:]), False]
    pieces = (
        quoting.quoted(part, is_before_interpolation=before) if isinstance(part, str) else f"${{{_single(part)}}}"
        for part, before in zip(parts, follows, strict=True)
    )
    return f'"{"".join(pieces)}"'


def _single_entry(entry: Entry) -> str:
    if isinstance(entry, Binding):
        return f"{_path(entry.path)} = {_single(entry.value)};"
    head = "inherit" if entry.source is None else f"inherit ({_single(entry.source)})"
    return f"{' '.join((head, *map(quoting.attribute, entry.names)))};"


def _single_pattern(pattern: Pattern) -> str:
    names = [name if default is None else f"{name} ? {_single(default)}" for name, default in pattern.names.items()]
    alias = "" if pattern.alias is None else f"{pattern.alias}@"
    return f"{alias}{{ {', '.join((*names, *(['...'] if pattern.is_open else [])))} }}"


def _single_selection(path: Sequence[Attribute], default: Expression | None) -> str:
    return f".{_path(path)}" + ("" if default is None else f" or {_group(default, SELECT)}")


def _path(path: Sequence[Attribute]) -> str:
    return ".".join(quoting.attribute(name) if isinstance(name, str) else _single_text(name.parts) for name in path)
