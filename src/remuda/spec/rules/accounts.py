"""Whose the units of an engine are: users, their numbers, and the ranges of numbers for their containers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label, shown

ROOT: Final = "root"

_NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_OF_A_USER: Final = ("user", "group", "gid", "data_dir", "sub_uid_start", "sub_uid_count")
_OF_A_USER_GROUPS: Final = ("sub_gid_start", "sub_gid_count")
_COUNT: Final = 65536


@dataclass(frozen=True, slots=True)
class _Account:
    """What the file says of an engine's user; a number is None if it is missing or no number."""

    path: Path
    keys: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.keys.get("user") or self.path[-1])

    def number(self, key: str) -> int | None:
        value = self.keys.get(key)
        return value if type(value) is int else None

    def range(self, kind: str) -> range | None:
        """The subordinate numbers: those of groups follow those of users."""
        start, count = self.number(f"sub_{kind}_start"), self.number(f"sub_{kind}_count")
        if kind == "gid":
            start = self.number("sub_uid_start") if start is None else start
            count = self.number("sub_uid_count") if count is None else count
        return None if start is None else range(start, start + (count or _COUNT))


def accounts(document: Document) -> Iterator[Problem]:
    """A user without the numbers that it needs, or with keys that mean nothing for it."""
    for account in _accounts(document):
        if account.name == ROOT:
            yield from _of_root(document, account)
        elif account.number("uid") is None:
            yield from _without_number(document, account)
        elif account.number("uid") == 0:
            path = (*account.path, "uid")
            yield document.problem(path, f"{label(path)} is root's", hint="write `user: root` instead")
        else:
            yield from _of_a_user(document, account)


def names_and_paths(document: Document) -> Iterator[Problem]:
    """Names of users that no system takes, and directories that are not told in full."""
    for account in _accounts(document):
        for key in ("user", "group"):
            value, path = account.keys.get(key), (*account.path, key)
            if isinstance(value, str) and not _NAME.fullmatch(value):
                expected = "a name of lower-case letters, digits, `_` and `-`"
                yield document.problem(path, f"{label(path)} must be {expected}, not {shown(value)}")
        for key in ("cache_dir", "data_dir"):
            value, path = account.keys.get(key), (*account.path, key)
            if isinstance(value, str) and not re.fullmatch(r"/[^\s:]*", value):
                expected = "an absolute path without blanks and `:`"
                yield document.problem(path, f"{label(path)} must be {expected}, not {shown(value)}")


def numbers(document: Document) -> Iterator[Problem]:
    """Two engines that disagree about a user, and ranges of numbers that meet each other or a user."""
    users = [account for account in _accounts(document) if account.number("uid")]
    for first, second in combinations(users, 2):
        if (first.name == second.name) != (first.number("uid") == second.number("uid")):
            path = (*second.path, "uid")
            message = f"{label(path)} and {label(first.path)} disagree: one user has one number"
            yield document.problem(path, message, hint="change the number, or `user`")
        elif first.name != second.name:
            yield from _meeting(document, first, second)
    for account in users:
        for kind in ("uid", "gid"):
            own = account.number(kind) or account.number("uid")
            path = (*account.path, "sub_uid_start")
            if own in (account.range(kind) or ()):
                message = f"{label(path)} begins a range that holds the {kind} {own} of the user itself"
                yield document.problem(path, message, hint="begin above all users, such as at 300000")


def _meeting(document: Document, first: _Account, second: _Account) -> Iterator[Problem]:
    for kind in ("uid", "gid"):
        one, other = first.range(kind), second.range(kind)
        if one and other and max(one.start, other.start) < min(one.stop, other.stop):
            key = f"sub_{kind}_start" if f"sub_{kind}_start" in second.keys else "sub_uid_start"
            path = (*second.path, key)
            message = f"{label(path)} begins a range that meets the one of {label(first.path)}: {one.start}-{one[-1]}"
            yield document.problem(path, message, hint=f"begin at {one.stop} or later")
            return


def _of_root(document: Document, account: _Account) -> Iterator[Problem]:
    for key in ("uid", *_OF_A_USER[1:], *_OF_A_USER_GROUPS):
        if key in account.keys:
            path = (*account.path, key)
            message = f"{label(path)} has no meaning for units of the system"
            yield document.problem_of_key(path, message, hint=f"remove `{key}`, or `user: root`")


def _without_number(document: Document, account: _Account) -> Iterator[Problem]:
    if "uid" in account.keys:
        return  # said where the shape is judged
    for key in (*_OF_A_USER, *_OF_A_USER_GROUPS):
        if key in account.keys:
            path = (*account.path, key)
            yield document.problem_of_key(path, f"{label(path)} needs `uid` beside it", hint="add `uid:`")


def _of_a_user(document: Document, account: _Account) -> Iterator[Problem]:
    is_ours = account.name == account.path[-1]
    if is_ours and "sub_uid_start" not in account.keys:
        path = (*account.path, "uid")
        message = f"{label(path)} needs `sub_uid_start` beside it: numbers for the users in the containers"
        yield document.problem_of_key(path, message, hint="add `sub_uid_start:`, above all users, such as 300000")
    for key in ("sub_uid_start", "sub_uid_count", *_OF_A_USER_GROUPS, "data_dir") if not is_ours else ():
        if key in account.keys:
            path = (*account.path, key)
            message = f"{label(path)} has no effect: the user `{account.name}` is made by somebody else"
            yield document.problem_of_key(path, message, hint=f"remove `{key}`, or `user`", severity="warning")


def _accounts(document: Document) -> Iterator[_Account]:
    for name in document.mapping("engines"):
        yield _Account(("engines", name), document.mapping("engines", name))
