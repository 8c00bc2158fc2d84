from __future__ import annotations

import pytest

from remuda.spec.rules.residency import always_on, evict_costs, expressions, members
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


GROUPS = MODELS.replace("  sets:", "  groups:")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ("    g: {members: [qwen3-27b-cuda0, gemma3-12b-cuda1]}\n", []),
        ("    g: {members: 5}\n    h: 5\n", []),
        (
            "    g: {members: [qwen3-27b-cuda0, qwen4-cuda0, phi4-14b-cuda1]}\n",
            [
                "8:36 `residency.groups.g.members[1]` names `qwen4-cuda0`, which does not exist: expected a model ID",
                "8:49 `residency.groups.g.members[2]` names the disabled model `phi4-14b-cuda1`",
            ],
        ),
        (
            "    g: {members: [qwen3-27b-cuda0]}\n    h: {members: [qwen3-27b-cuda0]}\n",
            [
                "9:19 `residency.groups.h.members[0]` names `qwen3-27b-cuda0`, which is in the group `g` already",
            ],
        ),
        (
            "    g: {members: [qwen3-27b-cuda0]}\n  sets: {s: qwen3-27b-cuda0}\n",
            ["7:3 `residency.groups` cannot stand beside `residency.sets`"],
        ),
    ],
)
def test_groups(groups: str, expected: list[str]) -> None:
    assert said(members, GROUPS + groups) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    s: qwen3-27b-cuda0\n  evict_costs: {qwen3-27b-cuda0: 5}\n", []),
        (
            "    s: qwen3-27b-cuda0\n  evict_costs: {fast: 5}\n",
            ["9:17 `residency.evict_costs.fast` names the route `fast`: expected a model ID"],
        ),
        (
            "    {}\n  evict_costs: {qwen3-27b-cuda0: 5}\n",
            ["9:3 `residency.evict_costs` has no effect without `residency.sets`"],
        ),
    ],
)
def test_evict_costs(text: str, expected: list[str]) -> None:
    assert said(evict_costs, MODELS + text) == expected


def test_an_idle_time_for_what_is_always_on() -> None:
    text = "models:\n  a: {always_on: true, ttl: 5m}\n  b: {always_on: false, ttl: 5m}\n  c: {always_on: true}\n"
    assert said(always_on, text) == ["2:24 `models.a.ttl` has no effect beside `always_on`"]
