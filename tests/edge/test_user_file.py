from __future__ import annotations

from pathlib import Path

import pytest

from remuda.edge.user_file import make, write
from remuda.errors import EffectError, SpecError


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write(link, "new\r\n")
    assert link.is_symlink()
    assert real.read_bytes() == b"new\r\n"
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_file_that_is_there_is_not_made_unasked(tmp_path: Path) -> None:
    path = tmp_path / "file"
    make(path, "a")
    assert path.stat().st_mode & 0o777 == 0o644
    with pytest.raises(SpecError, match="there is such a file already"):
        make(path, "b")
    make(path, "b", force=True)
    assert path.read_text() == "b"


def test_what_the_disk_refuses_is_said(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="cannot write to"):
        write(tmp_path / "no" / "file", "x")
