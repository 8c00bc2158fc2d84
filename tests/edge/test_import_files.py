from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from remuda.edge.import_files import DirectoryFiles, OneFile, opened
from remuda.errors import SpecError
from remuda.spec.document import MAX_BYTES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path.resolve() / "in"
    (inside / "sub").mkdir(parents=True)
    (inside / "a").write_text("A")
    (inside / "sub" / "b").write_text("B")
    (inside / "out").symlink_to(tmp_path / "secret")
    (inside / "within").symlink_to("sub/b")
    (inside / "loop").symlink_to("loop")
    (tmp_path / "secret").write_text("S")
    os.mkfifo(inside / "pipe")
    with (inside / "large").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    return inside


@pytest.mark.parametrize(
    ("path", "content"),
    [
        *(("a", b"A"), ("sub/b", b"B"), ("sub/../a", b"A"), ("within", b"B")),
        *((name, None) for name in ("no", "out", "../secret", "/etc/passwd", "loop", "pipe", "large", "sub", "a\0b")),
    ],
)
def test_only_what_is_inside_can_be_read(root: Path, path: str, content: bytes | None) -> None:
    assert DirectoryFiles(root).read(PurePosixPath(path)) == content


def test_names_of_a_directory(root: Path) -> None:
    files = DirectoryFiles(root)
    assert files.names(PurePosixPath("sub")) == ("b",)
    assert files.names(PurePosixPath("a")) == files.names(PurePosixPath("..")) == ()


def test_a_path_is_opened_with_what_is_around_it(root: Path) -> None:
    assert opened(root / "sub" / "b") == (DirectoryFiles(root / "sub"), PurePosixPath("b"), PurePosixPath(root / "sub"))
    assert opened(root / "sub") == (DirectoryFiles(root / "sub"), PurePosixPath(), PurePosixPath(root / "sub"))
    (root / ".git").mkdir()
    assert opened(root / "sub" / "b") == (DirectoryFiles(root), PurePosixPath("sub/b"), PurePosixPath(root / "sub"))
    for name in ("no", "loop"):
        with pytest.raises(SpecError, match=f"cannot read `{root / name}`"):
            opened(root / name)


def test_one_file_has_no_others() -> None:
    one = OneFile(PurePosixPath("standard input"), b"x")
    assert one.read(PurePosixPath("standard input")) == b"x"
    assert one.read(PurePosixPath("a")) is None
    assert one.names(PurePosixPath()) == ("standard input",)
