"""Levels in the order of Nix's own table; that they are right is asked of Nix in test_printer.py."""

from __future__ import annotations

from remuda.render.nix.expression import Apply, Expression, Has, If, List, Name, Negation, Number, Operation, Select
from remuda.render.nix.precedence import of_operands, precedence

_A = Name("a")


def test_from_tight_to_loose() -> None:
    expressions: list[Expression] = [
        List(),
        Select(_A, ("b",)),
        Apply(_A, (_A,)),
        Number(-1),
        Has(_A, ("b",)),
        *(Operation(operator, (_A, _A)) for operator in ("++", "*", "+")),
        Negation(_A),
        *(Operation(operator, (_A, _A)) for operator in ("//", "<", "==", "&&", "||", "->")),
        If(_A, _A, _A),
    ]
    levels = [precedence(expression) for expression in expressions]
    assert levels == sorted(set(levels))


def test_an_operand_of_the_same_level_needs_parentheses() -> None:
    assert of_operands("-") < precedence(Operation("+", (_A, _A)))
