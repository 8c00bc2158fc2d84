from pathlib import Path, PurePosixPath

import pytest

from remuda.edge.lock_file import path_of, read
from remuda.errors import SpecError


def test_the_lock_is_beside_the_fleet_file(tmp_path: Path) -> None:
    fleet = tmp_path / "remuda.yaml"
    assert path_of(fleet) == tmp_path / "remuda.lock"
    assert read(fleet).content is None
    (tmp_path / "remuda.lock").write_bytes(b"{}")
    found = read(fleet)
    assert (found.name, found.content, found.directory) == ("remuda.lock", b"{}", PurePosixPath(tmp_path))


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "remuda.lock").mkdir()
    with pytest.raises(SpecError, match=r"cannot read `.*remuda.lock`: is a directory"):
        read(tmp_path / "remuda.yaml")
