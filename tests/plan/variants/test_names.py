from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.knowledge.cuda import capabilities
from remuda.knowledge.isas import isa, isas
from remuda.plan.variants.names import Name, capability, parse, sm


@pytest.mark.parametrize(
    ("text", "python", "cuda", "number", "isa_name"),
    [
        ("vllm-python312-cuda12_9-sm90", "3.12", "12.9", "9.0", "x86_64"),
        ("vllm-python312-cuda12_9-sm90-arm64", "3.12", "12.9", "9.0", "aarch64"),
        ("vllm-python311-cuda12_8-sm61-avx2", "3.11", "12.8", "6.1", "avx2"),
        ("vllm-python313-cuda13_0-sm120-avx512bf16", "3.13", "13.0", "12.0", "avx512bf16"),
        ("vllm-python313-cuda12_9-sm103-armv9", "3.13", "12.9", "10.3", "armv9"),
        ("vllm-python313-cuda12_9-sm80-armv8_2", "3.13", "12.9", "8.0", "armv8_2"),
    ],
)
def test_both_eras_of_names_are_one_form(text: str, python: str, cuda: str, number: str, isa_name: str) -> None:
    row = isa(isa_name)
    assert row
    assert parse(text) == Name(python, cuda, number, row)
    assert str(parse(text)) == text


@given(
    python=st.integers(8, 29),
    cuda=st.tuples(st.integers(11, 14), st.integers(0, 9)),
    number=st.sampled_from([row.capability for row in capabilities()]),
    row=st.sampled_from(isas()),
)
def test_every_name_is_read_back(python: int, cuda: tuple[int, int], number: str, row: object) -> None:
    assert hasattr(row, "isa")
    name = Name(f"3.{python}", f"{cuda[0]}.{cuda[1]}", number, row)  # type: ignore[arg-type]
    assert parse(str(name)) == name
    assert capability(sm(number)) == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vllm-sm90", "`vllm-sm90` is no name of a variant: expected `vllm-pythonXYZ-cudaX_Y-smXY[-ISA]`"),
        (
            "vllm-python312-cuda12_9-sm90-sse9",
            "`vllm-python312-cuda12_9-sm90-sse9` is no name of a variant: `sse9` is no instruction set that is known",
        ),
    ],
)
def test_what_is_no_name_is_refused(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert caught.value.message == said


def test_two_names_are_for_the_same_build_whatever_their_python() -> None:
    assert parse("vllm-python312-cuda12_9-sm90").build == parse("vllm-python313-cuda12_9-sm90").build
