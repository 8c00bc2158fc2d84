from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from remuda.errors import SpecError
from remuda.knowledge.rows import text
from remuda.spec.document import load
from remuda.spec.schema import variants_schema
from remuda.spec.variants import read

REVISION = "46336d4d6980ae6f136b45c8507b17787eb186a0"
LINE = f"""\
lines:
  a:
    vllm: 0.14.1
    nixpkgs: {REVISION}
    python: ["3.12"]
    cuda: ["12.9"]
    capabilities: {{"9.0": [avx]}}
"""


def refused(content: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read(content, "v.yaml")
    places = [(each.position, each.message, each.hint) for each in caught.value.problems]
    return [
        f"{place.line}:{place.column}: {said}" + (f" ({hint})" if hint else "") for place, said, hint in places if place
    ]


def test_what_may_be_left_out_has_its_value() -> None:
    file, _ = read(LINE, "v.yaml")
    assert (file.build.memory_gb, file.build.cores, file.build.builds) == (16, 8, 1)
    line = file.lines["a"]
    assert (line.source, line.torch, line.allow, line.platforms) == (None, None, (), ("x86_64-linux", "aarch64-linux"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "1:1: the file is empty: expected at least `lines` (start with `lines:` and one line under it)"),
        ("lines: {}", "1:1: there are no lines (add one under `lines`)"),
        ("[]", "1:1: the file is a list: expected `lines` and other keys (start with `lines:` and one line under it)"),
        (LINE.replace("vllm: 0.14.1", "vllm: 0.20"), '3:11: `lines.a.vllm` must be text, not `0.2` (write `"0.20"`)'),
        (
            LINE.replace("vllm: 0.14.1", "vllm: main"),
            "3:11: `lines.a.vllm` must be a release such as `0.14.1`, not `main`",
        ),
        (
            LINE.replace(REVISION, "46336d4"),
            "4:14: `lines.a.nixpkgs` must be a whole revision of nixpkgs: 40 hexadecimal digits, not `46336d4`",
        ),
        (LINE.replace('"12.9"', "12.9"), '6:12: `lines.a.cuda[0]` must be text, not `12.9` (write `"12.9"`)'),
        (LINE.replace('["12.9"]', "[]"), "6:11: `lines.a.cuda` is empty (write at least one)"),
        (
            LINE.replace("[avx]", "[avx, avx]"),
            "7:27: `lines.a.capabilities.9.0` names one twice (remove one of the two)",
        ),
        (LINE.replace('{"9.0": [avx]}', "{}"), "7:19: `lines.a.capabilities` is empty (write at least one)"),
        (
            LINE + '    allow: ["6.1"]\n',
            "8:12: `lines.a.allow` has `6.1`, which is no capability of the line (add it to `capabilities`)",
        ),
        (LINE + "    vlm: 1\n", "8:5: unknown key `lines.a.vlm` (write `vllm`)"),
        (
            LINE + f"pins: {{{REVISION}: abc}}\n",
            f"8:50: `pins.{REVISION}` must be a hash of Nix (`sha256-…=`), not `abc`",
        ),
    ],
)
def test_a_mistake_is_said_at_its_place(content: str, said: str) -> None:
    assert refused(content) == [said]


def test_all_mistakes_are_said_at_once() -> None:
    wrong = LINE.replace("0.14.1", "x").replace("[avx]", "avx").replace(REVISION, "y")
    assert len(refused(wrong)) == 3


def test_a_hash_may_be_in_both_forms_of_nix_or_not_known() -> None:
    for pin in ('"sha256-qoC3RpjnqbMR3JwkJfquIyuXhLyW+uGG+zSCCek4G2U="', f'"{"0" * 52}"', "null"):
        file, _ = read(f"{LINE}pins: {{{REVISION}: {pin}}}\n", "v.yaml")
        assert file.pins == {REVISION: None if pin == "null" else pin.strip('"')}


def test_the_lines_that_are_brought_along_are_a_variants_file() -> None:
    content = text("variants.yaml")
    file, document = read(content, "variants.yaml")
    assert len(file.lines) == 7
    assert all(line.about and line.nixpkgs in file.pins for line in file.lines.values())
    jsonschema.validate(dict(document.data), variants_schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize("wrong", [{"lines": {"a": {"vllm": "x"}}}, {"lines": {"a b": {}}}, {"pins": {"x": None}}])
def test_editors_see_what_is_wrong(wrong: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(variants_schema())
    assert validator.is_valid(dict(load(LINE, "").data))
    assert not validator.is_valid(wrong)
