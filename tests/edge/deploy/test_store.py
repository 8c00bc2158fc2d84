from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from remuda.deploy.change import Action
from remuda.deploy.journey import Journal
from remuda.deploy.tree import Unit
from remuda.edge.deploy.disk import Disk
from remuda.edge.deploy.store import Store
from remuda.errors import EffectError
from tests.deploy.trees import tree
from tests.edge.deploy.world import ORIGIN

MADE = tree({"etc/a": "1", "go!": "2"}, models={"a.service": "a"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, Disk())


def test_a_generation_is_kept_and_counts_once_it_is_applied(store: Store) -> None:
    assert (store.numbers(), store.current(), store.previous(), store.journal(), store.started()) == (
        [],
        None,
        None,
        None,
        None,
    )
    assert store.add(MADE, ORIGIN) == 1
    assert store.load(1).tree == MADE
    assert store.failed(1) == "it was never applied"
    store.mark_applied(1)
    store.switch(1)
    assert (store.current(), store.failed(1)) == (1, None)
    assert store.add(MADE, ORIGIN) == 2
    assert store.previous() is None


def test_files_that_are_gone_or_no_text_read_as_nothing(store: Store, tmp_path: Path) -> None:
    store.add(MADE, ORIGIN)
    (tmp_path / "generations/1/files/etc/a").write_bytes(b"\xff")
    (tmp_path / "generations/1/files/go").unlink()
    assert store.load(1).tree.files == {PurePosixPath("etc/a"): "", PurePosixPath("go"): ""}


def test_the_journal_is_read_as_it_was_written(store: Store, tmp_path: Path) -> None:
    unit = Unit("503", "a.service")
    journal = Journal(1, 2, frozenset({unit}), (Action("restart", unit),), 1, ("etc/a",), "it broke")
    store.note(journal)
    assert store.journal() == journal
    store.settle()
    assert store.journal() is None
    (tmp_path / "journal.json").write_text("{")
    with pytest.raises(EffectError, match="it is damaged"):
        store.journal()


def test_how_long_units_take_is_remembered(store: Store, tmp_path: Path) -> None:
    store.remember_starts({"a.service": 40.0, "b.service": 2.0})
    store.remember_starts({"a.service": 42.0})
    assert store.starts() == {"a.service": 42.0, "b.service": 2.0}
    (tmp_path / "starts.json").write_text("{")
    assert store.starts() == {}


def test_a_damaged_manifest_is_said(store: Store, tmp_path: Path) -> None:
    store.add(MADE, ORIGIN)
    (tmp_path / "generations/1/manifest.json").write_text("{")
    with pytest.raises(EffectError, match="it is damaged"):
        store.load(1)
