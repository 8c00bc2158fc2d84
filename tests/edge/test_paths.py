import os
from pathlib import Path

import pytest

from remuda.edge import paths
from remuda.errors import EffectError


@pytest.fixture(autouse=True)
def own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_two_fleet_files_never_share_a_place(tmp_path: Path) -> None:
    one, two = paths.places(tmp_path / "a" / "remuda.yaml"), paths.places(tmp_path / "b" / "remuda.yaml")
    assert {one.socket, one.lock, one.log("m")}.isdisjoint({two.socket, two.lock, two.log("m")})


def test_the_same_file_by_another_path_has_the_same_places(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert paths.places(tmp_path / "link" / "remuda.yaml") == paths.places(tmp_path / "remuda.yaml")


def test_a_link_keeps_its_places_wherever_it_leads(tmp_path: Path) -> None:
    found = []
    for target in ("one", "two"):
        (tmp_path / target).touch()
        (tmp_path / "remuda.yaml").unlink(missing_ok=True)
        (tmp_path / "remuda.yaml").symlink_to(target)
        found.append(paths.places(tmp_path / "remuda.yaml"))
    assert found[0] == found[1] != paths.places(tmp_path / "one")


def test_model_ids_with_slashes_have_one_log_each(tmp_path: Path) -> None:
    at = paths.places(tmp_path / "remuda.yaml")
    assert at.log("a/b").parent == at.log("c").parent
    assert at.log("a/b") != at.log("a%2Fb")


def test_directories_are_private(tmp_path: Path) -> None:
    at = paths.places(tmp_path / "remuda.yaml")
    at.runtime.mkdir(parents=True, mode=0o755)
    at.make()
    assert {path.stat().st_mode & 0o777 for path in (at.runtime, at.state, at.state / "logs")} == {0o700}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_above_that_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run" / "remuda").mkdir(parents=True)
    os.chown(tmp_path / "run" / "remuda", 12345, 12345)
    with pytest.raises(EffectError, match="not a directory of user 0"):
        paths.places(tmp_path / "remuda.yaml").make()


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EffectError, match="not a directory of user"):
        paths.private_directory(tmp_path / "run")


def test_a_file_is_replaced_in_one_step_and_private(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    paths.write_private(path, "1")
    paths.write_private(path, "2")
    assert path.read_text() == "2"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
