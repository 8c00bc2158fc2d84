from __future__ import annotations

from remuda.adapt.variants.anatomy import Written
from remuda.adapt.variants.siblings import odd_ones, skeleton
from tests.adapt.variants.tree import PKGS, TRUE, nix, wanted

FILES = [Written(PKGS / f"{each.name}.nix", nix(each, TRUE)) for each in wanted("vllm-0.14.1-python312")]


def test_files_that_differ_in_what_makes_them_variants_are_alike() -> None:
    assert list(odd_ones(FILES)) == []


def test_a_file_that_somebody_changed_is_found_at_the_line() -> None:
    files = [file for file in FILES if "cuda12_9-sm90" in str(file.path)]
    text = files[3].text.replace("    pname = variantName;\n", "    pname = variantName;\n    doCheck = false;\n")
    files[3] = Written(files[3].path, text)
    ((file, problem),) = odd_ones(files)
    assert file is files[3]
    assert problem.position
    assert "doCheck" in text.splitlines()[problem.position.line - 1]
    assert problem.severity == "warning"
    assert "in its 6 siblings: `doCheck = false;`, where they have `version =" in problem.message


def test_a_file_that_ends_early_is_found() -> None:
    files = [*FILES[7:10], Written(FILES[10].path, FILES[10].text.removesuffix("  })\n"))]
    ((_, problem),) = odd_ones(files)
    assert "nothing more, where they have `})`" in problem.message


def test_nothing_is_odd_among_none_or_among_all_different() -> None:
    assert list(odd_ones([])) == []
    assert list(odd_ones([Written(PKGS / "a.nix", "a"), Written(PKGS / "b.nix", "b")])) == []


def test_comments_are_no_part_of_the_skeleton() -> None:
    assert skeleton("# a\n\nx = 1;\n") == (("x = 1;", 3),)
