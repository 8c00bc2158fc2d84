"""Expressions are laid out as nixfmt lays them out, and mean what was built."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.render.nix.expression import (
    Apply,
    Assert,
    Binding,
    Block,
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
    Pattern,
    Select,
    Set,
    With,
    bind,
    call,
    ref,
    text,
)
from remuda.render.nix.printer import one_line, to_nix
from remuda.render.nix.value import value
from tests.render.nix.evaluator import VERSIONS, evaluate, evaluate_all, parse

_LONG = "x" * 60

_LAID_OUT: dict[str, tuple[Expression | File, str]] = {
    "empty": (value({"a": {}, "b": []}), "{\n  a = { };\n  b = [ ];\n}\n"),
    "one item": (value([{"a": 1}]), "[ { a = 1; } ]\n"),
    "a set in a set": (value([{"a": {"b": 1}}]), "[\n  {\n    a = {\n      b = 1;\n    };\n  }\n]\n"),
    "two items": (value({"a": [1, -2]}), "{\n  a = [\n    1\n    (-2)\n  ];\n}\n"),
    "lines": (value({"a": "b\n\n  c\n"}), "{\n  a = ''\n    b\n\n      c\n  '';\n}\n"),
    "lines without an end": (value("b\nc"), "''\n  b\n  c''\n"),
    "a long text": (value({"a": _LONG * 2}), f'{{\n  a = "{_LONG * 2}";\n}}\n'),
    "comments": (
        Set((bind("a", Number(1), "why\nthis"), Binding(("b c",), Number(2), is_apart=True))),
        '{\n  # why\n  # this\n  a = 1;\n\n  "b c" = 2;\n}\n',
    ),
    "head": (File(Number(1), "Made.\n\nBy hand."), "# Made.\n#\n# By hand.\n1\n"),
    "a module": (
        Function(
            Pattern({"config": None, "lib": None, "c": None}, is_open=True),
            Let(
                (bind("cfg", ref("config.a")), Inherit(("mkIf",), Name("lib"))),
                value({"c": 1}),
            ),
        ),
        "{\n  config,\n  lib,\n  c,\n  ...\n}:\nlet\n  cfg = config.a;\n  inherit (lib) mkIf;\nin\n{ c = 1; }\n",
    ),
    "few names": (Function(Pattern({"lib": None}, is_open=True), Name("lib")), "{ lib, ... }: lib\n"),
    "a default": (
        Function(Pattern({"a": None, "b": value({"c": 1, "d": 2})}, alias="all"), Name("a")),
        "all@{\n  a,\n  b ? {\n    c = 1;\n    d = 2;\n  },\n}:\na\n",
    ),
    "a function of a name": (
        Set((bind("f", Function("a", Function("b", value({"c": 1, "d": 2})))),)),
        "{\n  f = a: b: {\n    c = 1;\n    d = 2;\n  };\n}\n",
    ),
    "a function as the last argument": (
        call("mk", Function("final", value({"a": 1, "b": 2}))),
        "mk (final: {\n  a = 1;\n  b = 2;\n})\n",
    ),
    "a function with a pattern as the last argument": (
        call("mk", Function(Pattern({"pkgs": None}), value({"a": 1, "b": 2}))),
        "mk (\n  { pkgs }:\n  {\n    a = 1;\n    b = 2;\n  }\n)\n",
    ),
    "two sets as arguments": (
        call("f", value({"a": 1, "b": 2}), value({"c": 1, "d": 2})),
        "f\n  {\n    a = 1;\n    b = 2;\n  }\n  {\n    c = 1;\n    d = 2;\n  }\n",
    ),
    "long arguments": (
        Set((bind("a", call("f", Name(_LONG), Name(_LONG))),)),
        f"{{\n  a =\n    f\n      {_LONG}\n      {_LONG};\n}}\n",
    ),
    "a choice": (
        If(Name("a"), value([1, 2]), If(Name("b"), Number(1), value({"c": 1}))),
        "if a then\n  [\n    1\n    2\n  ]\nelse if b then\n  1\nelse\n  { c = 1; }\n",
    ),
    "a short choice": (If(Name("a"), Number(1), Number(2)), "if a then 1 else 2\n"),
    "a long condition": (
        If(Operation("&&", (Name(_LONG), Name(_LONG))), Number(1), Number(2)),
        f"if\n  {_LONG}\n  && {_LONG}\nthen\n  1\nelse\n  2\n",
    ),
    "a chain of lists": (
        Set((bind("a", Operation("++", (value([1, 2]), call("f", Name("b"), value([3, 4]))))),)),
        "{\n  a =\n    [\n      1\n      2\n    ]\n    ++ f b [\n      3\n      4\n    ];\n}\n",
    ),
    "with": (
        Set((bind("a", With(Name("lib"), value({"b": 1, "c": 2}))),)),
        "{\n  a = with lib; {\n    b = 1;\n    c = 2;\n  };\n}\n",
    ),
    "assert": (Assert(Name("a"), value([1, 2])), "assert a;\n[\n  1\n  2\n]\n"),
    "many inherited": (
        Set((Inherit((_LONG, "b" * 60), Name("a")),)),
        f"{{\n  inherit (a)\n    {_LONG}\n    {'b' * 60}\n    ;\n}}\n",
    ),
    "a long selection": (
        Select(value({"a": 1, "b": 2}), ("c d",), Number(1)),
        '{\n  a = 1;\n  b = 2;\n}."c d" or 1\n',
    ),
    "a long question": (Has(value([1, 2]), ("a",)), "[\n  1\n  2\n] ? a\n"),
    "a long negation": (
        Negation(Operation("||", (Name(_LONG), Name(_LONG)))),
        f"!(\n  {_LONG}\n  || {_LONG}\n)\n",
    ),
}


@pytest.mark.parametrize("case", _LAID_OUT)
def test_it_is_laid_out_as_nixfmt_would(case: str) -> None:
    expression, expected = _LAID_OUT[case]
    assert to_nix(expression) == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_every_layout_is_nix(version: str) -> None:
    scope = f"{{ a, b, f, lib, mk, config, {_LONG} }}:\n"
    bodies = "".join(f"(\n{to_nix(expression)})\n" for expression, _ in _LAID_OUT.values())
    parse(f"{scope}[\n{bodies}]", version)


_MEANT: list[tuple[Expression, object]] = [
    (Operation("-", (Number(9), Number(2), Number(3))), 4),
    (Operation("-", (Number(9), Operation("-", (Number(2), Number(3))))), 10),
    (Operation("-", (Number(9), Number(-2))), 11),
    (Operation("*", (Operation("+", (Number(1), Number(2))), Number(-3))), -9),
    (Negation(Operation("==", (Number(1), Number(2)))), True),
    (Negation(Has(value({"a": 1}), ("a",))), False),
    (Operation("&&", (Has(value({"a": 1}), ("a",)), Negation(Name("false")))), True),
    (Operation("->", (Name("true"), Operation("||", (Name("false"), Name("true"))))), True),
    (Operation("//", (value({"a": 1}), value({"a": 2}), value({"b": 3}))), {"a": 2, "b": 3}),
    (Apply(Function("x", Operation("+", (Name("x"), Number(1)))), (Number(-5),)), -4),
    (Apply(Function(Pattern({"a": None, "b": Number(2)}, is_open=True), Name("b")), (value({"a": 1, "c": 3}),)), 2),
    (Apply(Function(Pattern({"a": None}, alias="all"), ref("all.a")), (value({"a": 1}),)), 1),
    (Select(Set((bind("a", Number(1)), bind("b", Name("a"))), is_recursive=True), ("b",)), 1),
    (Select(value({"a": {}}), ("a", "b c"), Select(value({"d": 4}), ("d",))), 4),
    (List((Select(value({}), ("a",), Number(-1)), Number(-2), call("toString", Number(3)))), [-1, -2, "3"]),
    (Let((bind("a", value({"b": 1})), Inherit(("b",), Name("a"))), List((Name("b"), ref("a.b")))), [1, 1]),
    (With(value({"a": 1}), If(Operation("<", (Name("a"), Number(2))), text("yes"), text("no"))), "yes"),
    (Set((Binding((text("a", text("b")), "c"), Number(1)),)), {"ab": {"c": 1}}),
    (Select(value({"ab": 1}), (text("a", text("b")),)), 1),
    (text("$", call("toString", Number(1)), "$", text("{}")), "$1${}"),
    (Block(("'", text("a"), "$", text("{b}"), "\n  ", text("c"), "'")), "'a${b}\n  c'"),
    (Block(("  ", text("a"), "\n   b\n ")), "  a\n   b\n "),
    (Assert(Name("true"), Number(1)), 1),
    (call("isPath", Location("./a.nix")), True),
]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_built_is_what_nix_understands(version: str) -> None:
    for form in (one_line, to_nix):
        texts = [form(expression) for expression, _ in _MEANT]
        scope = "let inherit (builtins) isPath; in\n"
        assert evaluate_all([scope + each for each in texts], version) == [expected for _, expected in _MEANT]


_NUMBERS = st.integers(-5, 5).map(Number)
_SUMS = st.recursive(
    _NUMBERS,
    lambda inner: st.builds(
        Operation, st.sampled_from(["+", "-", "*"]), st.lists(inner, min_size=2, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


@settings(max_examples=5, deadline=None)
@given(st.lists(_SUMS, min_size=20, max_size=40))
def test_parentheses_keep_the_tree(sums: list[Expression]) -> None:
    assert evaluate_all([one_line(each) for each in sums], "nix") == [_sum(each) for each in sums]


def _sum(expression: Expression) -> int:
    if isinstance(expression, Number):
        return int(expression.value)
    assert isinstance(expression, Operation)
    total, *others = map(_sum, expression.operands)
    for other in others:
        total = {"+": total + other, "-": total - other, "*": total * other}[expression.operator]
    return total


def test_a_comment_of_several_lines_stays_a_comment() -> None:
    comment = "a\r b\x0b c\u2028 d\n}"
    assert evaluate(to_nix(File(Set((bind("a", Number(1), comment),)), comment)), "nix") == {"a": 1}
