from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from remuda.edge import rendered
from remuda.edge.rendered import RECORD, Written, write
from remuda.errors import EffectError
from remuda.render.contract import Rendering


def rendering(files: Mapping[str, str]) -> Rendering:
    return Rendering(
        {PurePosixPath(name): text for name, text in files.items()}, executable=frozenset({PurePosixPath("go")})
    )


def paths(*names: str) -> tuple[PurePosixPath, ...]:
    return tuple(map(PurePosixPath, names))


def there(directory: Path) -> dict[str, str]:
    files = (file for file in directory.rglob("*") if file.is_file() and file.name != RECORD)
    return {str(file.relative_to(directory)): file.read_text() for file in files}


def test_files_are_written_once_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert write(out, "t", rendering({"a/b": "1", "a/c/d": "2", "go": "3"})) == Written(
        paths("a/b", "a/c/d", "go"), (), ()
    )
    assert stat.S_IMODE((out / "go").stat().st_mode) == 0o755
    assert stat.S_IMODE((out / "a/b").stat().st_mode) == 0o644
    assert write(out, "t", rendering({"a/b": "1", "go": "4"})) == Written(paths("go"), paths("a/b"), paths("a/c/d"))
    assert there(out) == {"a/b": "1", "go": "4"}
    assert not (out / "a/c").exists()


@pytest.mark.parametrize("new", [{"a": "2", "b": "1"}, {"b": "1"}])
def test_what_somebody_edited_is_left_alone(tmp_path: Path, new: dict[str, str]) -> None:
    write(tmp_path, "t", rendering({"a": "1", "b": "0"}))
    (tmp_path / "a").write_text("mine")
    with pytest.raises(EffectError, match="somebody else wrote or edited `a`"):
        write(tmp_path, "t", rendering(new))
    assert there(tmp_path) == {"a": "mine", "b": "0"}
    write(tmp_path, "t", rendering(new), force=True)
    assert there(tmp_path) == new


def test_what_remuda_never_wrote_is_left_alone_and_named_whole(tmp_path: Path) -> None:
    for name in ("a", "b", "same"):
        (tmp_path / name).write_text("theirs")
    with pytest.raises(EffectError, match="`a`, `b`"):
        write(tmp_path, "t", rendering({"a": "1", "b": "1", "same": "theirs"}))


def test_targets_do_not_remove_each_others_files(tmp_path: Path) -> None:
    write(tmp_path, "t", rendering({"a": "1"}))
    write(tmp_path, "u", rendering({"b": "1"}))
    assert write(tmp_path, "t", rendering({"c": "1"})) == Written(paths("c"), (), paths("a"))
    assert there(tmp_path) == {"b": "1", "c": "1"}


@pytest.mark.parametrize("survived", range(5))
def test_killed_at_any_step_it_still_knows_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    write(tmp_path, "t", rendering({"a": "1", "b": "1", "c": "1"}))
    real, count = os.replace, iter(range(100))

    def replace(self: Path, target: Path) -> Path:
        if next(count) == survived:
            raise KeyboardInterrupt
        real(self, target)
        return target

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with contextlib.suppress(KeyboardInterrupt):
            write(tmp_path, "t", rendering({"a": "2", "b": "2"}))
    write(tmp_path, "t", rendering({"a": "3", "b": "3"}))
    assert there(tmp_path) == {"a": "3", "b": "3"}


def test_a_damaged_record_and_a_disk_that_refuses_are_said(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text("{")
    with pytest.raises(EffectError, match="it is damaged"):
        write(tmp_path, "t", rendering({"a": "1"}))
    (tmp_path / "file").touch()
    with pytest.raises(EffectError, match="cannot write to"):
        rendered.write(tmp_path / "file", "t", rendering({"a": "1"}))
