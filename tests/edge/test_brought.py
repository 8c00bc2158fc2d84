import hashlib
from pathlib import Path

import pytest

from remuda.edge.brought import bring, clean, damaged
from remuda.errors import EffectError

FILES = {"remuda.upstream/u/00000000000000aa/x.py": b"x", "remuda.upstream/u/00000000000000bb/d/y.py": b"y"}
HASHES = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}


def test_what_is_brought_is_there_and_stays(tmp_path: Path) -> None:
    assert damaged(tmp_path, HASHES) == tuple(FILES)
    bring(tmp_path, FILES, ["remuda.upstream/u/made/cache/triton"])
    assert damaged(tmp_path, HASHES) == ()
    assert (tmp_path / "remuda.upstream/u/made/cache/triton").is_dir()
    file = tmp_path / "remuda.upstream/u/00000000000000aa/x.py"
    assert file.stat().st_mode & 0o777 == 0o644
    before = file.stat().st_ino
    bring(tmp_path, FILES, [])
    assert file.stat().st_ino == before
    assert not list(tmp_path.rglob(".new-*"))


def test_damage_is_seen_and_mended(tmp_path: Path) -> None:
    bring(tmp_path, FILES, [])
    (tmp_path / "remuda.upstream/u/00000000000000aa/x.py").write_bytes(b"evil")
    (tmp_path / "remuda.upstream/u/00000000000000bb/d/y.py").unlink()
    (tmp_path / "remuda.upstream/u/00000000000000bb/d/y.py").symlink_to("/etc/passwd")
    assert damaged(tmp_path, HASHES) == tuple(FILES)
    bring(tmp_path, FILES, [])
    assert damaged(tmp_path, HASHES) == ()


def test_what_nobody_needs_goes_and_what_was_written_there_stays(tmp_path: Path) -> None:
    bring(tmp_path, FILES, ["remuda.upstream/u/made/cache", "remuda.upstream/v/00000000000000cc"])
    (tmp_path / "remuda.upstream/u/made/cache/compiled").touch()
    assert clean(tmp_path, ["remuda.upstream/u/00000000000000aa/x.py"]) == (
        "remuda.upstream/u/00000000000000bb",
        "remuda.upstream/v/00000000000000cc",
    )
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"remuda.upstream/u/00000000000000aa/x.py", "remuda.upstream/u/made/cache/compiled"}
    assert not (tmp_path / "remuda.upstream/v").exists()
    assert clean(tmp_path, []) == ("remuda.upstream/u/00000000000000aa",)


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, home = tmp_path / "outside", tmp_path / "home"
    (outside / "00000000000000aa").mkdir(parents=True)
    (outside / "00000000000000aa/keep").touch()
    (home / "remuda.upstream").mkdir(parents=True)
    (home / "remuda.upstream/u").symlink_to(outside)
    with pytest.raises(EffectError, match="it is a symbolic link"):
        bring(home, FILES, [])
    assert clean(home, []) == ()
    assert (outside / "00000000000000aa/keep").exists()


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "remuda.upstream").touch()
    with pytest.raises(EffectError, match=r"cannot write `.*/remuda.upstream`: file exists|not a directory"):
        bring(tmp_path, FILES, [])


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    for name in ("club/objects/info", "club/.git", "u/mine", "u/0000000000000zzz"):
        (tmp_path / "remuda.upstream" / name).mkdir(parents=True)
        (tmp_path / "remuda.upstream" / name / "file").touch()
    assert clean(tmp_path, []) == ()
    assert len(list(tmp_path.rglob("file"))) == 4
