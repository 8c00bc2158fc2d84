from __future__ import annotations

import time
from pathlib import PurePath, PurePosixPath

import pytest

from remuda.adapt.variants.check import check
from remuda.knowledge.rows import text
from remuda.render.contract import Rendering
from remuda.render.variants.rendering import FAKE_HASH, PAGE, Wanted, render
from remuda.spec.variants import Variants, read

OWN: Variants = read(text("variants.yaml"), "variants.yaml")[0]
FILE = OWN.model_copy(update={"pins": dict.fromkeys(OWN.pins, "0" * 52)})
OPEN = OWN.model_copy(update={"pins": dict.fromkeys(OWN.pins)})


def texts(rendering: Rendering) -> dict[PurePath, str]:
    return {PurePath(path): made for path, made in rendering.files.items()}


def test_a_line_without_the_hash_of_its_pin_is_refused_with_the_command_that_tells_it() -> None:
    rendering = render(OPEN, Wanted(("main", "vllm-0.13.0")))
    assert rendering.is_refused
    assert rendering.files == {}
    errors = [each for each in rendering.problems if each.severity == "error"]
    assert [each.path[1] for each in errors] == [OWN.lines["main"].nixpkgs, OWN.lines["vllm-0.13.0"].nixpkgs]
    url = f"https://github.com/NixOS/nixpkgs/archive/{OWN.lines['main'].nixpkgs}.tar.gz"
    assert f"nix-prefetch-url --unpack {url}" in (errors[0].hint or "")


def test_zeros_stand_for_a_hash_only_if_asked() -> None:
    rendering = render(OPEN, Wanted(("vllm-0.13.0",), fake_hash=True))
    assert not rendering.is_refused
    assert "the hash of nixpkgs ed142ab is not known" in rendering.problems[0].message
    assert all(FAKE_HASH in made for path, made in rendering.files.items() if path.suffix == ".nix")
    assert not any(FAKE_HASH in made for made in render(FILE, Wanted(("vllm-0.13.0",), fake_hash=True)).files.values())


def test_each_variant_is_a_file_and_the_page_has_them_all() -> None:
    files = render(FILE, Wanted(("vllm-0.13.0",))).files
    assert len(files) == 11
    assert PurePosixPath("vllm-python312-cuda12_9-sm90-arm64.nix") in files
    assert files[PAGE].startswith("# Variants of `vllm-0.13.0`\n\nvLLM 0.13.0; 10 variants; 15 jobs = floor(125 GB")
    assert files[PAGE].count("| vllm-python312-") == 10


def test_several_lines_have_a_folder_each() -> None:
    files = render(FILE, Wanted(("main", "vllm-0.13.0"))).files
    assert {path.parts[0] for path in files} == {"main", "vllm-0.13.0"}


def test_what_is_left_out_is_told_once_for_each_reason() -> None:
    problems = render(FILE, Wanted(("main",))).problems
    assert [(each.severity, each.path[-1], each.message.partition(":")[0]) for each in problems] == [
        ("warning", "6.1", "2 variants for 6.1 are left out"),
        ("warning", "6.1", "2 variants for 6.1 are left out"),
        ("warning", "10.3", "6 variants for 10.3 are left out"),
    ]
    assert [each.hint for each in problems][1:] == ["build them all the same with `allow` or `--force`", None]
    forced = render(FILE, Wanted(("main",), force=True))
    assert len(forced.problems) == 1
    assert len(forced.files) == 89


def test_twice_is_the_same_and_a_hundred_take_less_than_a_second() -> None:
    start = time.perf_counter()
    first = render(FILE, Wanted(("vllm-0.14.1-python312",), force=True))
    assert time.perf_counter() - start < 1
    assert len(first.files) == 99
    assert first == render(FILE, Wanted(("vllm-0.14.1-python312",), force=True))


@pytest.mark.parametrize("line", FILE.lines)
def test_our_own_check_has_nothing_against_what_is_written(line: str) -> None:
    rendering = render(FILE, Wanted((line,)))
    found = check(texts(rendering), FILE)
    assert found.variants == len(rendering.files) - 1
    assert {each.problem.severity for each in found.findings} <= {"warning"}
    assert all("10.3" in each.problem.message for each in found.findings)


def test_our_own_files_are_siblings_and_one_that_is_not_is_found() -> None:
    files = texts(render(FILE, Wanted(("main",))))
    path = PurePath("vllm-python313-cuda12_9-sm90-avx2.nix")
    files[path] = files[path].replace("allowUnfree = true;", "allowUnfree = false;")
    odd = [each.path for each in check(files, FILE).findings if "siblings" in each.problem.message]
    assert odd == [path]
