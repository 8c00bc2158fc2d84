import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.compose.interpolation import MAX_DEPTH, InterpolationError, interpolate
from tests.render.compose.programs import as_docker_reads

KNOWN = {"A": "one", "B": "t$wo}", "E": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$A", "one"),
        ("$A-$A.b", "one-one.b"),
        ("${A}", "one"),
        ("${B}", "t$wo}"),
        ("$$A $${A} $$$A", "$A ${A} $one"),
        ('exec vllm serve "$@" $(id) $1 $', 'exec vllm serve "$@" $(id) $1 $'),
        ("${U:-d}|${U-d}|${E:-d}|${E-d}|${A:-d}", "d|d|d||one"),
        ("${U:+a}|${U+a}|${E:+a}|${E+a}|${A:+a}", "|||a|a"),
        ("${A:?no}|${E?no}", "one|"),
        ("${U:-${V:-${A}}}", "one"),
        ("${U:-${V-$A}-x}y", "one-xy"),
        ("${U:-$$A}", "$A"),
        ("${PREFIX_CACHE_ARG:---enable-prefix-caching}", "--enable-prefix-caching"),
        ('{"temperature":${T:-${U:-0.6}},"top_p":${P:-0.95}}', '{"temperature":0.6,"top_p":0.95}'),
        ('${U:-{"a":{"b":1}}}', '{"a":{"b":1}}'),
        ('${A:-{"a":1}}', "one"),
        ("${U:-{}", "{"),
        ("${U:-a\tb c}", "a\tb c"),
        ("${U:-}", ""),
        ("set -e\n${U:+--eager} $A", "set -e\n one"),
    ],
)
def test_variables(text: str, expected: str) -> None:
    assert interpolate(text, KNOWN.get) == expected


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a ${", 2, "has `${`, which is no variable of compose"),
        ("${}", 0, "has `${}`, which is no variable of compose"),
        ("${1}", 0, "has `${1}`, which is no variable of compose"),
        ("${A", 0, "has `${A`, which is no variable of compose"),
        ("x${A:-b\n}", 1, "has `${A:-b`, which is no variable of compose"),
        ("${A:-${B}", 0, "has `${A:-${B}`, which is no variable of compose"),
        ("${U:?}", 5, "needs a value for `U`"),
        ("a${U?set ${A}}", 5, "needs a value for `U`: set one"),
        ("${E:?x}", 5, "needs a value for `E`: x"),
        ("${U:-${V:-${W?deep}}}", 14, "needs a value for `W`: deep"),
    ],
)
def test_refused(text: str, offset: int, message: str) -> None:
    with pytest.raises(InterpolationError) as raised:
        interpolate(text, KNOWN.get)
    assert (raised.value.offset, raised.value.message) == (offset, message)


def test_what_stands_in_for_a_name_without_a_value_is_asked_for_once_it_is_needed() -> None:
    asked: list[tuple[str, bool]] = []

    def missing(*name: Any) -> str:
        asked.append(name)
        return "?"

    assert interpolate("$U ${A:-$V} ${W} ${X:-} ${Y:-$Z} ${R:?}", KNOWN.get, missing) == "? one ?  ? ?"
    assert asked == [("U", False), ("W", False), ("Z", False), ("R", True)]


def test_an_untaken_default_is_not_read() -> None:
    assert interpolate("${A:-${U:?missing}}", KNOWN.get) == "one"


def test_depth_and_length_are_bounded() -> None:
    nested = "${U:-" * (MAX_DEPTH + 1) + "x" + "}" * (MAX_DEPTH + 1)
    with pytest.raises(InterpolationError, match="nested deeper"):
        interpolate(nested, KNOWN.get)
    for text in ("${U:-x}" * 30_000, "$A" * 100_000, "${U:-" + "{" * 100_000, "${U:-${A:-" * 20_000):
        began = time.monotonic()
        try:
            interpolate(text, KNOWN.get)
        except InterpolationError as error:
            assert error.offset >= 0  # noqa: PT017  some texts are fine
        assert time.monotonic() - began < 2


ATOMS = ["$", "$$", "${", "}", "A", "B", "U", "E", ":-", "-", ":?", "?", ":+", "+", " ", "x", "\n", "1", ":", "é"]
ATOMS += ["${A}", "${U:-", "${E:+", "${B-", "$A"]
"""No brace of its own: compose 2.26 and later ones count those differently."""


def test_docker_compose_agrees(tmp_path: Path) -> None:
    chance = random.Random(1)
    texts = {f"K{number}": "".join(chance.choices(ATOMS, k=chance.randint(1, 9))) for number in range(4000)}
    ours: dict[str, str] = {}
    for name, text in texts.items():
        try:
            ours[name] = interpolate(text, KNOWN.get)
        except InterpolationError:
            continue
    assert len(ours) > 1500
    file = tmp_path / "compose.yaml"
    labels = json.dumps({name: texts[name] for name in ours})
    file.write_text(f"name: x\nservices: {{s: {{image: i, labels: {labels}}}}}\n")
    read = as_docker_reads(file, KNOWN)["services"]["s"]["labels"]
    assert read == ours


def test_docker_compose_refuses_what_is_refused_here(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    for text in ("${", "${}", "${A", "${A:-${A}", "${U:?}", "a ${U?b}", "${1}", "${A:-b\n}", "${A!}", "${A:=x}"):
        with pytest.raises(InterpolationError):
            interpolate(text, KNOWN.get)
        file.write_text(f"name: x\nservices: {{s: {{image: {json.dumps(text)}}}}}\n")
        with pytest.raises(AssertionError, match=r"inter|required"):
            as_docker_reads(file, KNOWN)


@given(st.text(st.sampled_from("$${}AU:-?+ \n"), max_size=60))
def test_any_text_ends_in_a_text_or_in_a_position(text: str) -> None:
    try:
        interpolate(text, KNOWN.get)
    except InterpolationError as error:
        assert 0 <= error.offset <= len(text)  # noqa: PT017  some texts are fine


@given(st.text())
def test_a_text_with_its_dollars_doubled_comes_back(text: str) -> None:
    assert interpolate(text.replace("$", "$$"), KNOWN.get) == text
