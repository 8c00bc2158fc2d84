"""Follows a file through the commits of a repository: where it went, whether it is gone, which commits touched it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its changes are git's letters (`M`, `A`, `D`, `R`, `C`), each with the path before and after."""

    commit: str
    date: str
    subject: str
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A file was put elsewhere, or, without `path`, deleted."""

    commit: Commit
    path: str | None

    @property
    def is_archival(self) -> bool:
        """Whether its new place says that nobody looks after it any more."""
        return self.path is not None and is_archived(self.path)


@dataclass(frozen=True, slots=True)
class Trail:
    """What became of a file; `path` is None where it is gone in the end."""

    path: str | None
    moves: tuple[Move, ...] = ()
    touched: tuple[Commit, ...] = ()


def is_archived(path: str) -> bool:
    """Whether a path is one of an archive."""
    return any("archive" in part.lower() for part in PurePosixPath(path).parts[:-1])


def follow(path: str, commits: Iterable[Commit]) -> Trail:
    """The trail of what was at a path before these commits, the oldest of which comes first."""
    place: str | None = path
    moves: list[Move] = []
    touched: list[Commit] = []
    for commit in commits:
        for letter, before, after in commit.changes:
            if place is None and letter != "D" and after in (path, last_path(moves)):
                place = after
                moves.append(Move(commit, place))
            elif before != place or letter == "C":
                continue
            elif letter in "RD":
                place = after if letter == "R" else None
                moves.append(Move(commit, place))
            touched.append(commit)
            break
    return Trail(place, tuple(moves), tuple(touched))


def last_path(moves: list[Move]) -> str | None:
    """Where a file was last, before it was deleted."""
    return next((move.path for move in reversed(moves) if move.path is not None), None)
