from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from remuda.edge.deploy.disk import Disk


def test_files_and_links_are_put_in_place_readable_by_all(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        Disk().write(tmp_path / "a/b/c", b"1")
        Disk().fill(tmp_path / "a", {PurePosixPath("go"): (b"2", 0o755)})
        Disk().link(tmp_path / "a/link", "b/c")
        Disk().link(tmp_path / "a/link", "go")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/c", "a/go")]
    assert modes == [0o755, 0o755, 0o644, 0o755]
    assert (tmp_path / "a/link").read_bytes() == b"2"


def test_a_copy_is_the_same_file_or_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("secret", "link"):
        Disk().copy(tmp_path / name, tmp_path / "kept" / name)
    assert stat.S_IMODE((tmp_path / "kept/secret").stat().st_mode) == 0o600
    assert (tmp_path / "kept/link").readlink() == Path("nowhere")


def test_what_is_unfinished_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".a.remuda").write_text("half")
    Disk().link(tmp_path / "a", "b")
    (tmp_path / ".a.remuda").write_text("half")
    Disk().forget_unfinished(tmp_path / "a")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    Disk().remove_directory(tmp_path)
    assert tmp_path.is_dir()
