"""The lines of barstoolbluz/build-vllm, by the names that its branches have, and what cannot be built."""

from __future__ import annotations

from itertools import product

import pytest

from remuda.errors import SpecError
from remuda.knowledge.rows import text
from remuda.plan.variants import matrix
from remuda.plan.variants.matrix import Variant, judge, problems
from remuda.plan.variants.names import parse
from remuda.spec.variants import Variants, read

FILE: Variants = read(text("variants.yaml"), "variants.yaml")[0]
BOTH = ("x86_64-linux", "aarch64-linux")
X86 = ("avx", "avx2", "avx512", "avx512bf16", "avx512vnni")
ARM = {"80": ("armv8_2",), "90": ("armv8_2", "armv9"), "100": ("armv9",), "103": ("armv9",)}


def variants(line: str) -> tuple[Variant, ...]:
    return matrix.variants(line, FILE.lines[line])


def names(line: str, *, force: bool) -> set[str]:
    return {str(each.name) for each in variants(line) if each.is_wanted(force=force)}


def of_branch(python: str, *, has_volta: bool) -> set[str]:
    """The names of the files of a branch, as they were listed there (seed-independent of our data)."""
    found = set()
    for toolkit, number in product(("12_9", "12_8"), ("61", "70", "75", "80", "86", "89", "90", "100", "103", "120")):
        if (number == "70" and not has_volta) or (number == "103" and toolkit == "12_8"):
            continue
        isas = X86[:2] if number == "61" else (*X86, *ARM.get(number, ()))
        found |= {f"vllm-python{python}-cuda{toolkit}-sm{number}-{each}" for each in isas}
    return found


SEED = {
    f"vllm-python312-cuda12_9-sm{number}"
    for number in ("70", "75", "80", "86", "89", "90", "100", "120", "90-arm64", "100-arm64")
}


@pytest.mark.parametrize(
    ("line", "expected", "count"),
    [
        ("main", of_branch("313", has_volta=False), 88),
        ("vllm-0.14.1-python312", of_branch("312", has_volta=True), 98),
        ("vllm-0.14.1-python311", of_branch("311", has_volta=True), 98),
        ("vllm-0.14.0-python312", of_branch("312", has_volta=True), 98),
        ("vllm-0.14.0-python311", of_branch("311", has_volta=True), 98),
        ("vllm-0.13.0", SEED, 10),
        ("vllm-0.14.0", SEED, 10),
    ],
)
def test_every_branch_comes_out_by_name(line: str, expected: set[str], count: int) -> None:
    assert len(expected) == count
    assert names(line, force=True) == expected
    pascal = {name for name in expected if "-sm61-" in name}
    assert names(line, force=False) == expected - pascal


@pytest.mark.parametrize(
    ("vllm", "name", "state", "said"),
    [
        ("0.14.1", "vllm-python312-cuda12_9-sm90-avx", "yes", "vLLM 0.14.1 compiles for 9.0"),
        ("0.14.1", "vllm-python312-cuda12_9-sm61-avx", "no", "not for 6.1"),
        (
            "0.14.1",
            "vllm-python312-cuda12_8-sm103-avx",
            "no",
            "CUDA 12.8 cannot compile for 10.3, which came with CUDA",
        ),
        (
            "0.14.1",
            "vllm-python312-cuda13_0-sm70-avx",
            "no",
            "CUDA 13.0 cannot compile for 7.0, which was last compiled",
        ),
        ("0.14.1", "vllm-python312-cuda12_9-sm103-avx", "unknown", "takes that of 10.1 instead, of an embedded chip"),
        ("0.14.1", "vllm-python312-cuda12_9-sm121-armv9", "yes", "nothing for 12.1, which runs code of 12.0"),
        ("0.14.1", "vllm-python312-cuda12_9-sm121-avx", "no", "GB10 (12.1) is built with a processor of aarch64"),
        ("0.20.0", "vllm-python312-cuda12_9-sm103-avx", "yes", "vLLM 0.20.0 compiles for 10.3"),
        ("0.20.0", "vllm-python312-cuda12_9-sm70-avx", "no", "not for 7.0"),
        ("0.7.0", "vllm-python312-cuda12_9-sm90-avx", "unknown", "what vLLM 0.7.0 compiles for"),
        ("0.14.1", "vllm-python312-cuda12_9-sm99-avx", "unknown", "9.9 is no capability that is known"),
        ("0.33.0", "vllm-python312-cuda13_9-sm90-avx", "unknown", "which driver CUDA 13.9 comes with is not known"),
    ],
)
def test_a_combination_is_judged_by_what_is_known(vllm: str, name: str, state: str, said: str) -> None:
    reasons = judge(vllm, parse(name), BOTH)
    assert reasons[0].state == state
    assert said in reasons[0].message


def test_every_refusal_has_its_source() -> None:
    refusals = [
        reason for line in FILE.lines for each in variants(line) for reason in each.reasons if reason.state == "no"
    ]
    assert refusals
    assert all(reason.source for reason in refusals)


def test_an_instruction_set_of_another_platform_is_refused_and_not_forced() -> None:
    line = FILE.lines["main"].model_copy(update={"platforms": ("x86_64-linux",)})
    arm = [each for each in matrix.variants("main", line) if each.name.isa.machine == "aarch64"]
    assert {each.state for each in arm} == {"no"}
    assert not any(each.is_wanted(force=True) for each in arm)
    first = arm[0].reasons[0]
    assert first.message == "Armv8.2 is an instruction set of aarch64-linux, and this is for x86_64-linux"


def test_the_file_may_insist_on_what_can_be_built() -> None:
    line = FILE.lines["main"].model_copy(update={"allow": ("6.1", "10.3")})
    wanted = {str(each.name) for each in matrix.variants("main", line) if each.is_wanted()}
    assert wanted == of_branch("313", has_volta=False)


def test_a_variant_knows_the_defects_that_it_meets() -> None:
    parts = {str(each.name): [defect.part for defect in each.defects] for each in variants("vllm-0.14.1-python312")}
    assert parts["vllm-python312-cuda12_9-sm70-avx"] == ["cccl", "cudnn"]
    assert parts["vllm-python312-cuda12_8-sm90-avx"] == []


def test_what_is_not_known_is_said_at_its_place() -> None:
    content = text("variants.yaml").replace('"7.5": [avx, avx2', '"7.9": [avx, avx3', 1)
    file, document = read(content, "v.yaml")
    said = [(each.position and each.position.line, each.message) for each in problems(file, document)]
    line = content.splitlines().index('      "7.9": [avx, avx3, avx512, avx512bf16, avx512vnni]') + 1
    assert said == [
        (line, "`7.9` is no compute capability that is known"),
        (line, "`avx3` is no instruction set that is known"),
    ]


def test_our_own_file_has_no_problems() -> None:
    try:
        file, document = read(text("variants.yaml"), "variants.yaml")
    except SpecError as error:
        pytest.fail(str(error.problems))
    assert list(problems(file, document)) == []
