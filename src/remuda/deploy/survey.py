"""What is on a machine where links of ours belong, and which of it is not ours to change.

Somebody edits a file through its link, puts one of their own in its place, or removes it, as `systemctl disable` does
with a link that leads out of systemd's directories. Each is named; nothing is decided for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from remuda.deploy.tree import Tree


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a place: for a link its text, for a file its content if that is text."""

    kind: Literal["nothing", "link", "file", "other"]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """Something that is not as Remuda left it, by its path in the tree; `is_final` where even force does not help."""

    path: PurePosixPath
    why: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """The links that the old tree has and the new one shall have, and what there is.

    `edited` are files of the old tree that are not as they were applied, with what they are now.
    """

    old: Mapping[PurePosixPath, str]
    new: Mapping[PurePosixPath, str]
    found: Mapping[PurePosixPath, Found]
    edited: Mapping[PurePosixPath, str]

    @property
    def displaced(self) -> tuple[PurePosixPath, ...]:
        """The places of what is not ours, which has to make way."""
        return tuple(
            place for place, one in sorted(self.found.items()) if one.kind != "nothing" and not self._is_ours(place)
        )

    def texts(self, tree: Tree) -> Mapping[PurePosixPath, str]:
        """The text of files that are not ours or not any more, for a comparison with the new tree.

        One that was edited to what it shall be has changed nevertheless: nobody has told its unit yet.
        """
        theirs = {place: one.text for place in self.displaced if (one := self.found[place]).kind == "file" and one.text}
        told = {place: text for place, text in theirs.items() if place not in self.old}
        ours = {**self.edited, **{place: text for place, text in theirs.items() if place in self.old}}
        return {**told, **{place: "" if text == tree.files.get(place) else text for place, text in ours.items()}}

    def objections(self, tree: Tree) -> Iterator[Objection]:
        """What stands in the way of the new tree; a file that says the same already does not."""
        displaced = frozenset(self.displaced)
        for path, text in sorted(self.edited.items()):
            if text != tree.files.get(path):
                yield Objection(path, "was edited")
        for place, one in sorted(self.found.items()):
            if one.kind == "other":
                yield Objection(place, "is neither a file nor a link", is_final=True)
            elif one.kind == "nothing" and place in self.old and place in self.new:
                yield Objection(place, "was removed")
            elif place in displaced and (one.text is None or one.text != tree.files.get(place)):
                yield Objection(place, "was replaced" if place in self.old else "is somebody else's")

    def _is_ours(self, place: PurePosixPath) -> bool:
        ours = {self.old.get(place), self.new.get(place)} - {None}
        return self.found[place].kind == "link" and self.found[place].text in ours
