"""Kinds of values, as gopkg.in/yaml.v3 converts them."""

from __future__ import annotations

from typing import Any

import pytest

from remuda.adapt.llama_swap import variables
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.section import Context, Section
from remuda.adapt.llama_swap.tree import tree
from remuda.spec.document import load


def section(text: str) -> tuple[Section, Said]:
    told = Said()
    node = tree(load(variables.marked(f"x: {text}"), "config.yaml"))
    return Section(node, Context(told, {"N": "60", "YES": "true", "T": "text"})), told


def messages(told: Said) -> list[str]:
    return [remark.problem.message for remark in told.remarks]


@pytest.mark.parametrize(
    ("text", "expected"), [("a", "a"), ("7", "7"), ("1.50", "1.5"), ("true", "true"), ("~", None), ("${env.T}", "text")]
)
def test_texts(text: str, expected: str | None) -> None:
    found, told = section(text)
    assert found.text("x") == expected
    assert messages(told) == []


@pytest.mark.parametrize(("text", "expected"), [("7", 7), ("7.9", 7), ("-1", -1), ("~", None), ('"${env.N}"', 60)])
def test_whole_numbers(text: str, expected: int | None) -> None:
    found, told = section(text)
    assert found.whole("x") == expected
    assert messages(told) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("yes", True), ('"on"', True), ("no", False), ("N", False), ("~", False), ('"${env.YES}"', True)],
)
def test_truths(text: str, expected: bool) -> None:  # noqa: FBT001 (a row of the table)
    found, told = section(text)
    assert found.flag("x") is expected
    assert messages(told) == []


@pytest.mark.parametrize(
    ("method", "text", "message"),
    [
        ("text", "[a]", "`x` must be a text, not a list"),
        ("whole", '"7"', "`x` must be a whole number, not `7`"),
        ("whole", "true", "`x` must be a whole number, not `true`"),
        ("flag", "maybe", "`x` must be `true` or `false`, not `maybe`"),
        ("flag", "1", "`x` must be `true` or `false`, not `1`"),
        ("texts", "a", "`x` must be a list, not `a`"),
        ("section", "[]", "`x` must be a mapping, not a list"),
        ("text", "${env.GONE}", "`x` needs the value of the variable `GONE`, which is not set here"),
        ("text", "'${a:-b}'", "`x` is left out: it holds `${`, which a fleet file does not take there"),
    ],
)
def test_what_is_of_another_kind_is_told(method: str, text: str, message: str) -> None:
    found, told = section(text)
    getattr(found, method)("x")
    assert messages(told) == [message]


def test_keys_that_nobody_reads_are_told() -> None:
    found, told = section("1\nnmae: 2")
    found.text("name")
    found.whole("x")
    found.rest()
    assert [(remark.problem.message, remark.problem.hint) for remark in told.remarks] == [
        ("`nmae` is left out: it is none of llama-swap's keys", "write `name`")
    ]


def test_data_keeps_its_kinds() -> None:
    found, told = section('{a: [1, "1", 1.5, true, ~], b: {c: "${env.T}"}, d: "${x:-y}"}')
    expected: dict[str, Any] = {"a": [1, "1", 1.5, True, None], "b": {"c": "text"}}
    assert found.data("x") == expected
    assert len(told.remarks) == 1
