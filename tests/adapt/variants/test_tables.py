from __future__ import annotations

import pytest

from remuda.adapt.variants.tables import Tree, judge
from tests.adapt.variants.tree import FILE

LINES = tuple(FILE.lines.values())
TREE = Tree({"vllm-python313-cuda12_9-sm90-avx"}, {"0182a361324364ae3f436a63005877674cf45efb"}, has_wheel=False)
HEAD = "| Branch | vLLM | Nixpkgs Pin | PyTorch |\n|---|---|---|---|\n"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (
            f"{HEAD}| `main` | 0.15.1 | `0182a36` | 2.10.0 |",
            ["3:33 it says 2.10.0, and nixpkgs 0182a36 has PyTorch 2.9.1"],
        ),
        (f"{HEAD}| `main` | 0.15.1 | `0182a36` | 2.9.1 (source) |", []),
        (
            f"{HEAD}| `main` | 0.16.0 | `0182a36` | 2.9.1 |",
            ["3:12 it says 0.16.0, and nixpkgs 0182a36 has vLLM 0.15.1"],
        ),
        (f"{HEAD}| old | 0.14.1 | `46336d4` | 2.9.1 |\n| old | 0.14.0 | `46336d4` | 2.9.1 |", []),
        (f"{HEAD}| new | 0.99.0 | `abcdef0` | 9.9 |", []),
        (
            "| a | b |\n|---|---|\n| PyTorch | 2.10.0 |",
            ["3:13 it says 2.10.0, and the pin of this tree has PyTorch 2.9.1"],
        ),
        ("| a | b |\n|---|---|\n| vLLM | 0.15.1 |", []),
        ("### Total: 2 variants", ["1:12 it says 2 variants, and there are 1"]),
        ("### Total: 1 variants", []),
        (
            "`flox build vllm-python312-cuda12_9-sm90`",
            ["1:13 there is no variant `vllm-python312-cuda12_9-sm90` here"],
        ),
        ("`flox build vllm-python313-cuda12_9-sm90-avx`", []),
        ("`vllm-python312-cuda12_9-sm{XX}`, `vllm-python312-cuda12_9-`", []),
        (
            "PyTorch: 2.9.1 (a Pre-built wheel)",
            ["1:1 `torch` of nixpkgs is compiled from source; the pre-built one is `torch-bin`, used by no file"],
        ),
    ],
)
def test_a_page_is_compared_with_the_tree_and_with_what_is_known(page: str, said: list[str]) -> None:
    found = [(each.position, each.message) for each in judge(page, TREE, LINES)]
    assert [f"{place.line}:{place.column} {message}" for place, message in found if place] == said


def test_a_tree_that_takes_the_wheel_may_say_so() -> None:
    tree = Tree(TREE.names, TREE.pins, has_wheel=True)
    assert list(judge("PyTorch: a pre-built wheel", tree, LINES)) == []
