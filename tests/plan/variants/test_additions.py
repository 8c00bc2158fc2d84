from __future__ import annotations

import pytest

from remuda.errors import SpecError
from remuda.knowledge.rows import text
from remuda.plan.variants.additions import Gain, NewLine, add_capability, add_cuda, add_line, gains, newest
from remuda.spec.variants import Variants, read

TEXT = text("variants.yaml")
FILE: Variants = read(TEXT, "variants.yaml")[0]
REVISION = "0" * 39 + "a"
HASH = "sha256-qoC3RpjnqbMR3JwkJfquIyuXhLyW+uGG+zSCCek4G2U="


def gained(changed: str) -> Gain:
    (found,) = gains(FILE, read(changed, "v.yaml")[0])
    return found


def kept(changed: str) -> bool:
    """Whether every line that was there is still there, comments with them, but for one."""
    new = changed.splitlines()
    return sum(line not in new for line in TEXT.splitlines()) <= 1


def test_the_newest_line_is_that_of_the_newest_vllm() -> None:
    assert newest(FILE) == "main"


def test_a_cuda_is_one_more_in_a_line() -> None:
    changed = add_cuda(TEXT, FILE, ["main"], "13.0")
    assert kept(changed)
    found = gained(changed)
    assert (found.line, len(found.comparison.gained), found.comparison.lost) == ("main", 45, ())
    assert {each.name.split("-")[2] for each in found.comparison.gained} == {"cuda13_0"}
    assert {each.reasons[0].message for each in found.refused} == {
        "CUDA 13.0 cannot compile for 6.1, which was last compiled for by CUDA 12.9"
    }


def test_a_capability_takes_the_instruction_sets_of_the_one_below() -> None:
    without = TEXT.replace('      "8.9": [avx, avx2, avx512, avx512bf16, avx512vnni]\n', "", 1)
    changed = add_capability(without, read(without, "")[0], ["main"], "8.9", ())
    assert read(changed, "")[0].lines["main"].capabilities["8.9"] == FILE.lines["main"].capabilities["8.6"]


def test_a_chip_takes_those_of_the_processor_that_it_is_built_with() -> None:
    changed = add_capability(TEXT, FILE, ["main"], "12.1", ())
    assert kept(changed)
    found = gained(changed)
    assert [each.name for each in found.comparison.gained] == [
        "vllm-python313-cuda12_9-sm121-armv8_2",
        "vllm-python313-cuda12_9-sm121-armv9",
    ]
    assert len(found.refused) == 2
    only = gained(add_capability(TEXT, FILE, ["main"], "12.1", ("armv9",)))
    assert [each.name for each in only.comparison.gained] == ["vllm-python313-cuda12_9-sm121-armv9"]
    plain = FILE.lines["main"].model_copy(update={"capabilities": {"9.0": ("avx",)}})
    text_of_plain = add_capability(TEXT, FILE.model_copy(update={"lines": {"main": plain}}), ["main"], "12.1", ())
    assert read(text_of_plain, "")[0].lines["main"].capabilities["12.1"] == ("aarch64",)


def test_a_vllm_is_a_line_with_the_matrix_of_another() -> None:
    new = NewLine(name="vllm-0.20.0", like="main", vllm="0.20.0", nixpkgs=REVISION, hash=HASH, torch="2.11.0")
    changed = add_line(TEXT, FILE, new)
    assert kept(changed)
    after = read(changed, "v.yaml")[0]
    line = after.lines["vllm-0.20.0"]
    assert (line.vllm, line.torch, line.nixpkgs, line.python) == ("0.20.0", "2.11.0", REVISION, ("3.13",))
    assert line.capabilities == FILE.lines["main"].capabilities
    assert after.pins[REVISION] == HASH
    found = gained(changed)
    assert len(found.comparison.gained) == 84
    assert {each.name.capability for each in found.refused} == {"6.1", "10.3"}


def test_a_hash_that_is_not_known_is_kept_open() -> None:
    changed = add_line(TEXT, FILE, NewLine(name="new", like="main", vllm="0.20.0", nixpkgs=REVISION))
    assert read(changed, "v.yaml")[0].pins[REVISION] is None


def test_a_known_pin_stays() -> None:
    pinned = FILE.model_copy(update={"pins": {REVISION: HASH}})
    changed = add_line(TEXT, pinned, NewLine(name="new", like="main", vllm="0.20.0", nixpkgs=REVISION))
    assert "pins:" in changed
    assert REVISION not in read(changed, "v.yaml")[0].pins
    other = NewLine(name="new", like="main", vllm="0.20.0", nixpkgs=REVISION, hash="0" * 52)
    with pytest.raises(SpecError, match="cannot add another hash"):
        add_line(TEXT, pinned, other)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("12.9", "`main` has CUDA 12.9 already"),
        ("13", "cannot add `13`: a toolkit must be a number such as `12.9`, not `13`"),
    ],
)
def test_a_cuda_that_cannot_be_added_is_refused(version: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        add_cuda(TEXT, FILE, ["main"], version)
    assert caught.value.message == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("12.0", "`main` has 12.0 already"),
        ("12.7", "cannot add `12.7`: it is no compute capability that is known"),
        ("x", "cannot add `x`: a capability must be a number such as `12.9`, not `x`"),
    ],
)
def test_a_capability_that_cannot_be_added_is_refused(number: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        add_capability(TEXT, FILE, ["main"], number, ())
    assert caught.value.message == said


@pytest.mark.parametrize(
    ("name", "vllm", "revision", "said"),
    [
        ("main", "0.20.0", REVISION, "there is a line `main` already"),
        ("new", "next", REVISION, "cannot add `next`: a release must be a release such as `0.14.1`, not `next`"),
        ("new", "0.20.0", "46336d4", "cannot add `46336d4`: a revision must be a whole revision of nixpkgs"),
    ],
)
def test_a_line_that_cannot_be_added_is_refused(name: str, vllm: str, revision: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        add_line(TEXT, FILE, NewLine(name=name, like="main", vllm=vllm, nixpkgs=revision))
    assert caught.value.message.startswith(said)
