from __future__ import annotations

import pytest

from remuda.spec.rules.residency import expressions
from tests.spec.reading import said

MODELS = """\
models:
  qwen3-27b-cuda0: {aliases: [coder]}
  gemma3-12b-cuda1: {}
  phi4-14b-cuda1: {enabled: false}
routes: {fast: gemma3-12b-cuda1}
residency:
  sets:
"""


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ("    pair: qwen3-27b-cuda0 & gemma3-12b-cuda1\n", []),
        ("    a: +b\n    b: qwen3-27b-cuda0\n", []),
        ("    a: [x]\n", []),
        (
            "    pair: qwen3-27b-cuda0 & gemma3-12b-cuda0\n",
            ["8:29 `residency.sets.pair` names `gemma3-12b-cuda0`, which does not exist: expected a model ID"],
        ),
        (
            "    a: coder | fast\n",
            [
                "8:8 `residency.sets.a` names the alias `coder`: expected a model ID",
                "8:16 `residency.sets.a` names the route `fast`: expected a model ID",
            ],
        ),
        ("    a: phi4-14b-cuda1\n", ["8:8 `residency.sets.a` names the disabled model `phi4-14b-cuda1`"]),
        ("    a: '+b'\n", ["8:9 `residency.sets.a` includes the unknown set `b`"]),
        (
            "    a: 'qwen3-27b-cuda0 &'\n    b: (x\n",
            [
                "8:26 `residency.sets.a` needs a model ID, `+set` or `(` at the end",
                "9:8 `residency.sets.b` has a `(` at character 1 without its `)`",
            ],
        ),
        (
            "    z: +a\n    a: +b\n    b: +a | qwen3-27b-cuda0\n    c: +c\n",
            [
                "9:8 `residency.sets.a` includes itself: a → b → a",
                "11:8 `residency.sets.c` includes itself: c → c",
            ],
        ),
    ],
)
def test_sets(sets: str, expected: list[str]) -> None:
    assert said(expressions, MODELS + sets) == expected


def test_too_many_combinations() -> None:
    models = "".join(f"  m{n}: {{}}\n" for n in range(17))
    either = "(" + " | ".join(f"m{n}" for n in range(17)) + ")"
    text = f"models:\n{models}residency:\n  sets:\n    s: {' & '.join([either] * 4)}\n"
    assert said(expressions, text) == ["21:8 `residency.sets.s` allows more than 4096 combinations"]
