from typing import Any

import msgspec

from remuda.adapt.sync.model import Looked, Told, asked_of, told
from remuda.adapt.sync.recipe import Asked, Recipe
from remuda.adapt.sync.trail import Trail
from remuda.spec.lock import Locked

OWN: dict[str, Any] = {"source": {"upstream": "u", "path": "a.yml"}, "settings": {"max-model-len": 9}}


def recipe(length: int = 5) -> Recipe:
    return Recipe(
        "0", {"engine": "vllm", "settings": {"max-model-len": length}}, {"remuda.upstream/u/0/x": b"x"}, (), ("odd",)
    )


def sync(
    locked: Locked | None, length: int = 5, commit: str = "c1", path: str | None = "a.yml", own: Any = None
) -> Told:
    looked = Looked("url", commit, "2026-01-01", Trail(path), recipe(length) if path else None)
    return told("m", own or OWN, locked, locked.derived if locked else None, looked)


def test_what_is_asked() -> None:
    source = {"upstream": "u", "path": "a.yml", "service": "s", "variables": {"A": "1"}}
    assert asked_of({"source": source}) == Asked("u", "a.yml", "s", {"A": "1"})


def test_the_first_sync() -> None:
    found = sync(None)
    assert found.before is None
    assert found.after is not None
    assert found.after.is_untouched
    assert found.has_drifted
    assert found.new_unknowns == ("odd",)
    assert found.overlay.conflicts == ()
    assert [change.after for change in found.overlay.different] == [9]


def test_a_commit_that_changes_nothing_leaves_the_entry_as_it_is() -> None:
    first = sync(None).after
    again = sync(first, commit="c2")
    assert again.after is first
    assert not again.has_drifted
    assert again.new_unknowns == ()


def test_a_change_is_a_conflict_with_the_own_key() -> None:
    found = sync(sync(None).after, length=6)
    assert found.has_drifted
    assert [conflict.own for conflict in found.overlay.conflicts] == [9]
    assert [change.after for change in found.changes] == [6]


def test_a_move_is_remembered_until_the_file_says_it() -> None:
    found = sync(sync(None).after, path="b.yml")
    assert found.after is not None
    assert (found.after.path, found.after.path_before) == ("b.yml", "a.yml")
    said = {"source": {"upstream": "u", "path": "b.yml"}}
    assert sync(found.after, path="b.yml", own=said).after is found.after


def test_what_is_gone_stays_locked() -> None:
    first = sync(None).after
    found = sync(first, path=None)
    assert found.is_gone
    assert found.has_drifted
    assert found.after is first


def test_an_edited_entry_is_made_anew() -> None:
    first = sync(None).after
    assert first is not None
    edited = msgspec.structs.replace(first, derived={"engine": "ollama"})
    found = sync(edited)
    assert found.was_edited
    assert found.after == first
