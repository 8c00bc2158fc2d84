"""Where recipes come from: addresses that git may be given, and paths that stay in their repository.

Git runs a program for some forms of address (`ext::`), and takes what begins with a dash for an option.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.form import label, shown
from remuda.spec.nearest import suggestion
from remuda.spec.rules.entries import entries

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_URL: Final = re.compile(r"(?:https|ssh|git)://(?:[\w.+-]+@)?[\w.\[\]:-]*\w[\w.\[\]:-]*/[^\s\\]+")
_SCP: Final = re.compile(r"[\w.+]+@[\w.]+:[\w~./][^\s\\]*")
_PATH: Final = re.compile(r"[\w./~][^:\0\n]*")
_REF: Final = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock$|[./]$))\w[\w./+@-]*")


def is_remote(address: str) -> bool:
    """Whether an address is one of another machine, and not a path."""
    return _URL.fullmatch(address) is not None or _SCP.fullmatch(address) is not None


def upstreams(document: Document) -> Iterator[Problem]:
    """Addresses and names of branches in another form than git's."""
    for name, keys in document.mapping("upstreams").items():
        git, ref = (keys.get("git"), keys.get("ref")) if isinstance(keys, dict) else (None, None)
        path = ("upstreams", name)
        if not _NAME.fullmatch(name):
            message = f"{label(path)} is no name for an upstream: files of its recipes are kept under it"
            yield document.problem_of_key(path, message, hint="use letters, digits and `._-`, beginning with a letter")
        if isinstance(git, str) and not (is_remote(git) or _PATH.fullmatch(git)):
            message = f"{label((*path, 'git'))} is no address of a repository: {shown(git)}"
            hint = "write `https://HOST/PATH`, `ssh://…`, `user@host:path`, or the path of a clone"
            yield document.problem((*path, "git"), message, hint=hint)
        if isinstance(ref, str) and not _REF.fullmatch(ref):
            message = f"{label((*path, 'ref'))} is no branch, tag or commit: {shown(ref)}"
            yield document.problem((*path, "ref"), message, hint="write a name such as `master`, or a commit")


def recipes(document: Document) -> Iterator[Problem]:
    """Sources of an unknown upstream, and paths that lead out of it."""
    known = document.mapping("upstreams")
    for entry in entries(document):
        source, above = document.mapping(*entry.path, "source"), (*entry.path, "source")
        upstream, path = source.get("upstream"), source.get("path")
        if isinstance(upstream, str) and upstream not in known:
            message = f"{label((*above, 'upstream'))} is unknown: {shown(upstream)}"
            hint = suggestion(upstream, known, otherwise=f"add `{upstream}:` under `upstreams`")
            yield document.problem((*above, "upstream"), message, hint=hint)
        if isinstance(path, str) and not is_inside(path):
            message = f"{label((*above, 'path'))} leads out of the repository: {shown(path)}"
            hint = "write the file's path from the root of the repository"
            yield document.problem((*above, "path"), message, hint=hint)


def is_inside(path: str) -> bool:
    """Whether a path is that of a file in a repository, in its only spelling."""
    parts = path.split("/")
    return path.isprintable() and not any(part in ("", ".", "..", ".git") for part in parts)
