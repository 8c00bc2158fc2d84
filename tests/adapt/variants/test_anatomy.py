from __future__ import annotations

from pathlib import PurePath

from remuda.adapt.variants.anatomy import Written, position
from remuda.errors import Position
from tests.adapt.variants.tree import TRUE, nix, wanted


def written(line: str, name: str) -> Written:
    (variant,) = (each for each in wanted(line) if str(each.name) == name)
    return Written(PurePath(f"{name}.nix"), nix(variant, TRUE))


def test_everything_that_a_file_says_is_found_at_its_place() -> None:
    file = written("vllm-0.14.1-python312", "vllm-python312-cuda12_9-sm61-avx2")
    assert {name: found.value for name, found in file.fields.items()} == {
        "vllm": "0.14.1",
        "described_vllm": "0.14.1",
        "override_vllm": "0.14.1",
        "torch": "2.9.1",
        "pin": "46336d4d6980ae6f136b45c8507b17787eb186a0",
        "pin_hash": "0" * 52,
        "fetch": "fetchTarball",
        "source_hash": "sha256-qoC3RpjnqbMR3JwkJfquIyuXhLyW+uGG+zSCCek4G2U=",
        "capabilities": '"6.1"',
        "packages": "12_9",
        "sm": "6.1",
        "name": "vllm-python312-cuda12_9-sm61-avx2",
        "isa": "avx2",
        "platform": "x86_64-linux",
        "python": "312",
        "bitsandbytes": "-DCOMPUTE_CAPABILITY",
        "cudnn": "USE_CUDNN=0",
    }
    assert file.at("vllm") == Position(1, 8)
    assert file.at("sm") == Position(13, 19)


def test_what_is_not_there_is_nothing() -> None:
    file = Written(PurePath("a.nix"), "{ }: null\n")
    assert file.fields == {}
    assert file.value("vllm") is None
    assert file.at("vllm") == Position(1, 1)


def test_the_hash_of_a_source_is_not_that_of_the_pin() -> None:
    (variant,) = (
        each for each in wanted("vllm-0.14.1-python312") if str(each.name) == "vllm-python312-cuda12_9-sm61-avx2"
    )
    text = nix(variant, TRUE).replace(f'    sha256 = "{"0" * 52}";\n', "")
    assert Written(PurePath("a.nix"), text).value("pin_hash") is None


def test_a_position_counts_from_one() -> None:
    assert position("ab\ncd", 0) == Position(1, 1)
    assert position("ab\ncd", 4) == Position(2, 2)
