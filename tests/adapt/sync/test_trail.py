import pytest

from remuda.adapt.sync.trail import Commit, Move, follow, is_archived

Changes = tuple[tuple[str, str, str], ...]


def commits(*changes: Changes) -> list[Commit]:
    return [Commit(str(number), "2026-01-01", "", change) for number, change in enumerate(changes)]


def moves(*found: Move) -> list[tuple[str, str | None]]:
    return [(move.commit.commit, move.path) for move in found]


def test_a_chain_of_moves() -> None:
    many: Changes = tuple(("R", f"a/{number}", f"b/{number}") for number in range(27))
    trail = follow("a/7", commits(many, (("M", "b/7", "b/7"),), (("M", "b/8", "b/8"),), (("R", "b/7", "_archive/7"),)))
    assert trail.path == "_archive/7"
    assert moves(*trail.moves) == [("0", "b/7"), ("3", "_archive/7")]
    assert [move.is_archival for move in trail.moves] == [False, True]
    assert [commit.commit for commit in trail.touched] == ["0", "1", "3"]


@pytest.mark.parametrize(
    ("history", "path", "expected"),
    [
        ([(("D", "a", "a"),)], None, [("0", None)]),
        ([(("D", "a", "a"),), (("A", "a", "a"),)], "a", [("0", None), ("1", "a")]),
        ([(("R", "a", "b"), ("R", "b", "a"))], "b", [("0", "b")]),
        ([(("R", "a", "b"), ("A", "a", "a"))], "b", [("0", "b")]),
        ([(("C", "a", "b"),)], "a", []),
        ([(("R", "a", "b"),), (("D", "b", "b"),), (("D", "b", "b"),), (("A", "b", "b"),)], "b", None),
        ([(("T", "a", "a"),)], "a", []),
        ([], "a", []),
    ],
)
def test_where_a_file_ends(history: list[Changes], path: str | None, expected: list[object] | None) -> None:
    trail = follow("a", commits(*history))
    assert trail.path == path
    assert expected is None or moves(*trail.moves) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("_archive/a", True), ("x/Archived/a", True), ("x/archive.yml", False), ("a", False)]
)
def test_archives(path: str, *, expected: bool) -> None:
    assert is_archived(path) is expected
