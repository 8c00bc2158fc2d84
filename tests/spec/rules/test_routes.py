from __future__ import annotations

import pytest

from remuda.spec.rules.routes import cycles, targets, twice, weights
from tests.spec.reading import document, said

MODELS = """\
models:
  qwen3: {aliases: [coder]}
  off: {enabled: false, aliases: [old]}
  broken:
routes:
"""


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ("  a: qwen3\n  b: coder\n  c: a\n  d: {split: {qwen3: 1, coder: 1, a: 0}}\n  e: broken\n", []),
        ("  a: qwen\n", ["6:6 route `a` leads to `qwen`, which does not exist"]),
        ("  a: {split: {qwen3: 1, coda: 1}}\n", ["6:25 route `a` leads to `coda`, which does not exist"]),
        ("  a: off\n", ["6:6 route `a` leads to `off`, but model `off` is disabled"]),
        ("  a: old\n", ["6:6 route `a` leads to `old`, but model `off` is disabled"]),
        ("  a: {model: qwen}\n", ["6:14 route `a` leads to `qwen`, which does not exist"]),
        ("  a: {failover: [qwen3, coda]}\n", ["6:25 route `a` leads to `coda`, which does not exist"]),
        ("  a: {warm: [off]}\n", ["6:14 route `a` leads to `off`, but model `off` is disabled"]),
        ("  a: {spillover: [x, coder], at: 1}\n", ["6:19 route `a` leads to `x`, which does not exist"]),
        ("  a: {replicas: [qwen3, x]}\n", ["6:25 route `a` leads to `x`, which does not exist"]),
        ("  a: 5\n  b: {split: [qwen]}\n  c:\n  d: {model: 5}\n  e: {warm: {x: 1}}\n  f: {}\n", []),
    ],
)
def test_targets(routes: str, expected: list[str]) -> None:
    assert said(targets, MODELS + routes) == expected


def test_the_nearest_name_is_suggested() -> None:
    assert [problem.hint for problem in targets(document(MODELS + "  a: codr\n  b: zzz\n"))] == [
        "write `coder`",
        "name a model, an alias or another route",
    ]


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ("a: b, b: c, c: qwen3", []),
        ("a: {split: {b: 1, c: 1}}, b: d, c: d, d: qwen3", []),
        ("a: a", ["1:10 the routes form a circle: a → a"]),
        ("a: {model: b}, b: {failover: [qwen3, a]}", ["1:10 the routes form a circle: a → b → a"]),
        (
            "a: {warm: [b]}, b: {spillover: [c], at: 1}, c: {replicas: [a]}",
            ["1:10 the routes form a circle: a → b → c → a"],
        ),
        ("x: a, a: b, b: {split: {qwen3: 1, a: 1}}", ["1:16 the routes form a circle: a → b → a"]),
        (
            "a: b, b: a, c: d, d: c",
            ["1:10 the routes form a circle: a → b → a", "1:22 the routes form a circle: c → d → c"],
        ),
    ],
)
def test_cycles(routes: str, expected: list[str]) -> None:
    assert said(cycles, f"routes: {{{routes}}}\n") == expected


def test_a_long_chain_is_no_circle_and_no_recursion() -> None:
    chain = "".join(f"  r{n}: r{n + 1}\n" for n in range(3000))
    assert said(cycles, f"routes:\n{chain}") == []


def test_weights() -> None:
    text = "routes: {a: {split: {x: 0, y: 0}}, b: {split: {x: 0, y: 1}}, c: {split: {}}}\n"
    assert said(weights, text) == ["1:14 `routes.a.split` gives every target the weight 0"]


def test_twice() -> None:
    text = "routes: {a: {warm: [x, y, x]}, b: {failover: [x, y]}, c: {split: {x: 1, y: 1}}}\n"
    assert said(twice, text) == ["1:27 route `a` names `x` twice"]
