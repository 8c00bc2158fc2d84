"""Whatever the file holds, it ends in a fleet or in problems at places, soon."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.plan.check import check
from remuda.spec.yaml_text import to_yaml
from tests.adapt.llama_swap import golden

TEXTS = [
    (golden.HERE / name / "config.yaml").read_text()
    for name in golden.CASES
    if (golden.HERE / name / "config.yaml").exists()
]
KEPT = 2.0
"""Seconds of a processor."""


def models(count: int, more: str = "") -> str:
    entries = (f"  m{n}: {{cmd: 'llama-server --port ${{PORT}} -m /m/{n}.gguf {more}'}}\n" for n in range(count))
    return "models:\n" + "".join(entries)


def macros(count: int, value: str) -> str:
    return "macros:\n  m0: aaaaaaaaaa\n" + "".join(f"  m{n}: '{value.format(n - 1)}'\n" for n in range(1, count))


HOSTILE = {
    "doubling": macros(60, "${{m{0}}}${{m{0}}}") + models(1, "${m59}"),
    "doubling for many": macros(17, "${{m{0}}}${{m{0}}}") + models(400, "${m16}"),
    "a long chain": macros(8000, "${{m{0}}}") + models(400, "${m7999}"),
    "a long chain for each": macros(4000, "${{m{0}}}")
    + models(400, "${m3999}").replace("{cmd", "{macros: {x: 1}, cmd"),
    "names of names": macros(8000, "${{${{x}}}}") + models(400, "${${x}}"),
    "a long value for many": f"macros:\n  big: {'x' * 900_000}\n" + models(400, "${big}"),
    "many names": "macros: {x: y}\n" + models(1, "${x}" * 100_000),
    "many unknown names": models(1, "".join(f"${{x{n}}}" for n in range(40_000))),
    "hints for many names": macros(3000, "x") + models(1, "".join(f"${{n{n}}}" for n in range(9))),
    "megabytes": macros(9000, "x" * 1000),
    "aliases of aliases": "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
    "brackets": "models: " + "[" * 5000,
    "parentheses": models(1) + f"matrix: {{sets: {{a: '{'(' * 10_000}m0'}}}}\n",
    "combinations": models(100)
    + "matrix: {sets: {a: '"
    + " & ".join(f"({' | '.join(f'm{ten * 10 + one}' for one in range(10))})" for ten in range(10))
    + "'}}\n",
    "sets of sets": models(1) + f"matrix: {{sets: {{{', '.join(f's{n}: +s{n + 1}' for n in range(5000))}}}}}\n",
    "a long set": models(1) + f"matrix: {{sets: {{a: '{'m0 & ' * 100_000}m0'}}}}\n",
    "too many models": models(3000),
    "many aliases": f"models:\n  a:\n    cmd: a ${{PORT}}\n    aliases: [{','.join(f'n{n}' for n in range(9_000))}]\n",
    "many odd peers": "peers: {p: {proxy: 'http://a', models: [" + ",".join(["'x y'"] * 10_000) + "]}}\n",
    "a long host": f"models: {{a: {{cmd: a, proxy: 'http://{'a' * 900_000}:9000'}}}}\n",
    "a long parameter": "models: {a: {cmd: 'a ${PORT}', filters: {setParams: {'" + "a." * 50_000 + "b': 1}}}}\n",
    "many quotes": "models: {a: {cmd: \"'" + '\\\\\\" ' * 100_000 + '${PORT}"}}\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_over_soon(name: str) -> None:
    began = time.process_time()
    found = golden.adapted(HOSTILE[name])
    assert time.process_time() - began < KEPT
    assert all(remark.problem.position for remark in found.remarks if "larger than" not in remark.problem.message)


def test_500_models_are_read_in_time() -> None:
    text = macros(30, "-x {0}") + models(500, "${m7} --ctx-size 8192 -ngl 99 --temp 0.7")
    began = time.process_time()
    found = golden.adapted(text.replace("{cmd", "{ttl: 300, filters: {stripParams: top_p}, aliases: [], cmd"))
    assert time.process_time() - began < KEPT
    assert len(found.data["models"]) == 500


@given(st.sampled_from(TEXTS), st.data())
def test_a_damaged_file_ends_in_a_fleet_or_in_problems(text: str, data: st.DataObject) -> None:
    """The first bytes of one file, something, and the last of another: what comes is sound or refused."""
    head = text[: data.draw(st.integers(0, len(text)), "head")]
    other = data.draw(st.sampled_from(TEXTS), "other")
    middle = data.draw(st.text("{}[]:,&*!|>'\"%@`$#\\ \n\t-~a1\ue000\0", max_size=6), "middle")
    found = golden.adapted(head + middle + other[data.draw(st.integers(0, len(other)), "tail") :])
    if not found.is_refused and found.data.get("models"):
        check(to_yaml(found.data), "remuda.yaml")


@given(st.binary(max_size=64))
def test_bytes_end_in_problems(content: bytes) -> None:
    golden.adapted(content)
