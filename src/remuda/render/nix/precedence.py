"""How tightly expressions of Nix bind, so that the printer sets parentheses where they are needed and nowhere else.

Source: the table of operators in the Nix manual ("Operators"). What has no operator reaches as far to the right as it
can, and is the loosest.
"""

from __future__ import annotations

from typing import Final

from remuda.render.nix.expression import (
    Apply,
    Assert,
    Expression,
    Function,
    Has,
    If,
    Let,
    Negation,
    Number,
    Operation,
    Select,
    With,
)

TERM: Final = 0
"""What may be the base of a selection."""
SELECT: Final = 1
"""What may be an argument, or an item of a list."""
APPLY: Final = 2
_NEGATIVE: Final = 3
HAS: Final = 4
NOT: Final = 8
LOOSEST: Final = 15
_OPERATORS: Final = {
    "++": 5,
    "*": 6,
    "/": 6,
    "+": 7,
    "-": 7,
    "//": 9,
    "<": 10,
    "<=": 10,
    ">": 10,
    ">=": 10,
    "==": 11,
    "!=": 11,
    "&&": 12,
    "||": 13,
    "->": 14,
}


def precedence(expression: Expression) -> int:
    """The number of its level; smaller ones bind more tightly."""
    match expression:
        case Select():
            return SELECT
        case Apply():
            return APPLY
        case Number(value) if value < 0:
            return _NEGATIVE
        case Number():
            return SELECT
        case Has():
            return HAS
        case Negation():
            return NOT
        case Operation(operator, _):
            return _OPERATORS[operator]
        case Function() | If() | Let() | With() | Assert():
            return LOOSEST
    return TERM


def of_operands(operator: str) -> int:
    """The loosest level that an operand may have without parentheses."""
    return _OPERATORS[operator] - 1
