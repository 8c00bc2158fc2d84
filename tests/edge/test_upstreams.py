import threading
from pathlib import Path

import pytest

from remuda.edge import git, upstreams
from remuda.edge.upstreams import locked, repository
from remuda.errors import EffectError
from tests.edge.upstream_repository import UpstreamRepository


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpstreamRepository:
    """A repository that is reached as if it were on another machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(git, "_NETWORK", "file")
    monkeypatch.setattr(upstreams, "is_remote", lambda address: True)
    return UpstreamRepository(tmp_path / "club")


def test_a_clone_is_read_where_it_is(tmp_path: Path) -> None:
    commit = UpstreamRepository(tmp_path / "club").commit({"a": "1"})
    for address in ("club", "./club", str(tmp_path / "club"), "club/.git"):
        assert repository(address, None, tmp_path, offline=True).commit(None) == commit


def test_a_remote_one_is_copied_once_and_fetched(remote: UpstreamRepository, tmp_path: Path) -> None:
    first = remote.commit({"a": "1"})
    address = str(remote.path)
    assert repository(address, None, tmp_path, offline=False).commit(None) == first
    second = remote.commit({"a": "2"})
    assert repository(address, None, tmp_path, offline=True).commit(None) == first
    assert repository(address, first, tmp_path, offline=False).commit(None) == first  # it is here: nothing is asked
    assert repository(address, None, tmp_path, offline=False).commit(None) == second
    remote.path.rename(tmp_path / "gone")
    with pytest.raises(EffectError, match="cannot fetch") as error:
        repository(address, None, tmp_path, offline=False)
    assert error.value.hint == "add `--offline` to go by what was fetched before"


def test_what_was_never_read_needs_a_network(remote: UpstreamRepository, tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="it was never read before"):
        repository(str(remote.path), None, tmp_path, offline=True)


def test_a_clone_that_fails_leaves_nothing(remote: UpstreamRepository, tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="cannot clone"):
        repository(str(tmp_path / "none"), None, tmp_path, offline=False)
    assert remote.path.is_dir()
    assert list((tmp_path / "cache/remuda/upstreams").iterdir()) == []


def test_two_at_once_make_one_copy(remote: UpstreamRepository, tmp_path: Path) -> None:
    commit = remote.commit({"a": "1"})
    found: list[str | None] = []

    def look() -> None:
        found.append(repository(str(remote.path), None, tmp_path, offline=False).commit(None))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [commit] * 4
    assert len(list((tmp_path / "cache/remuda/upstreams").iterdir())) == 1


def test_a_directory_is_held_by_one(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(EffectError, match="another `remuda sync` is at it"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
