"""Releases of engines, and which paths a release serves.

A version is what a running engine says of itself: `0.23.0`, `v0.11.1rc2`, `0.9.1+cu129`, `b8906-5d2f0a1`. What cannot
be read, or is not known yet, counts as older than everything: a path that nobody promises is not relied on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

Release = tuple[int, ...]

_VERSION = re.compile(r"[vb]?(?P<numbers>\d+(?:\.\d+)*)(?P<before>[.-]?(?:a|b|rc|dev|alpha|beta)\.?\d)?")


def has_reached(version: str | None, release: Release) -> bool:
    """Whether a version is the release or a later one; what comes before a release (`rc`, `dev`) has not reached it."""
    match = _VERSION.match(version or "")
    if match is None:
        return False
    numbers = tuple(map(int, match["numbers"].split(".")))
    return numbers > release if match["before"] else numbers >= release


def told(page: bytes, pointer: str) -> str | None:
    """The text that a JSON pointer (RFC 6901, without escapes) finds in an answer; None when there is none."""
    try:
        found: object = msgspec.json.decode(page)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for key in pointer.split("/")[1:]:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def served(version: str | None, always: Iterable[str], since: Mapping[str, Release]) -> frozenset[str]:
    """The paths of every release, and those that the version has."""
    return frozenset((*always, *(path for path, release in since.items() if has_reached(version, release))))
