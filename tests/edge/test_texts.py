from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest

from remuda.edge import texts as module
from remuda.edge.texts import texts
from remuda.errors import SpecError


def test_texts_come_by_their_paths_in_order(tmp_path: Path) -> None:
    for name in ("b.nix", "a/x.nix", ".flox/pkgs/v.nix", "README.md", "a/data.bin", ".git/config.nix"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    found = texts(tmp_path, {".nix", ".md"})
    assert found == {PurePath(name): name for name in ("README.md", "b.nix", ".flox/pkgs/v.nix", "a/x.nix")}
    assert list(found) == [PurePath(name) for name in ("README.md", "b.nix", ".flox/pkgs/v.nix", "a/x.nix")]


def test_links_and_large_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "real.nix").write_text("x")
    (tmp_path / "link.nix").symlink_to("real.nix")
    (tmp_path / "result").symlink_to("/")
    (tmp_path / "large.nix").write_bytes(b"x" * (2**20 + 1))
    assert list(texts(tmp_path, {".nix"})) == [PurePath("real.nix")]


def test_what_is_no_utf_8_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_bytes(b"\xff = 1;")
    assert texts(tmp_path, {".nix"})[PurePath("a.nix")] == "\ufffd = 1;"


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="it is no directory"):
        texts(tmp_path / "none", {".nix"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.nix").touch(mode=0)
    with pytest.raises(SpecError, match=r"cannot read `.*a\.nix`: permission denied"):
        texts(tmp_path, {".nix"})


def test_a_tree_that_is_no_tree_of_variants_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_FILES", 2)
    for name in "abc":
        (tmp_path / f"{name}.nix").touch()
    with pytest.raises(SpecError, match="more than 2 files"):
        texts(tmp_path, {".nix"})
