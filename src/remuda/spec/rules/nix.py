"""What the `nix` section pins: one commit, and wheels that are the same bytes wherever they come from.

A flake sees nothing of the machine that evaluates it, so a path of that machine is refused, as is a branch, which
would be another tree tomorrow. Torch and vLLM are compiled against one another, so their wheels come together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label, shown
from remuda.spec.wheel import WheelName, wheel_name

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_TARGET: Final = re.compile(r"\d{1,2}\.\d[af]?|gfx[0-9a-f]{3,4}")
_HASH: Final = re.compile(r"sha256-[A-Za-z0-9+/]{43}=")
_INSIDE: Final = re.compile(r"(?:\./)?(?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*/)*[A-Za-z0-9._+-]+")
_LOCAL: Final = {"rocm": "rocm", "cu": "cuda", "cpu": "cpu"}
"""What the local part of a wheel's version begins with, for what it was built."""
_PLACES: Final = ("url", "file", "path")


def pinned(document: Document) -> Iterator[Problem]:
    """What is no commit, and a day that is none."""
    commit, day = document.find(("nix", "nixpkgs")), document.find(("nix", "date"))
    if isinstance(commit, str) and not _COMMIT.fullmatch(commit):
        message = f"`nix.nixpkgs` must be a commit of 40 hexadecimal digits, not {shown(commit)}"
        hint = f"write what `git ls-remote https://github.com/NixOS/nixpkgs {commit}` says: a branch moves"
        yield document.problem(("nix", "nixpkgs"), message, hint=hint)
    if isinstance(day, str) and not _is_day(day):
        yield document.problem(("nix", "date"), f"`nix.date` must be a day such as `2026-06-01`, not {shown(day)}")


def targets(document: Document) -> Iterator[Problem]:
    """What names no kind of GPU."""
    given = document.find(("nix", "targets"))
    for number, target in enumerate(given if isinstance(given, list) else ()):
        if isinstance(target, str) and not _TARGET.fullmatch(target):
            path: Path = ("nix", "targets", number)
            message = f"{label(path)} must be a compute capability or a gfx target, not {shown(target)}"
            yield document.problem(path, message, hint="write such as `8.9` or `gfx1100`, in quotes")


def wheels(document: Document) -> Iterator[Problem]:
    """A wheel without one place, without its hash, or at a place that no flake can see."""
    for path, keys in _wheels(document):
        places = [key for key in _PLACES if keys.get(key) is not None]
        if len(places) != 1:
            message = f"{label(path)} has {len(places) or 'none'} of `url`, `file` and `path`: expected one of them"
            yield document.problem(path, message)
        else:
            yield from _place(document, (*path, places[0]), str(keys[places[0]]))
            yield from _hash(document, path, keys, needed=places[0] != "path")


def together(document: Document) -> Iterator[Problem]:
    """Wheels of one list that do not go together."""
    for platform in document.mapping("nix", "wheels"):
        path: Path = ("nix", "wheels", platform)
        names = [name for at, keys in _wheels(document) if at[:3] == path and (name := _name(keys))]
        yield from _of_torch(document, path, names)
        yield from _of_python(document, path, names)
        for name in names:
            yield from _of_platform(document, path, name)
        yield from _twice(document, path, names)
        yield from _versions(document, path, names)


def _of_torch(document: Document, path: Path, names: list[WheelName]) -> Iterator[Problem]:
    projects = {name.project for name in names}
    if "vllm" in projects and "torch" not in projects:
        message = f"{label(path)} has vLLM without the torch that it was built against"
        yield document.problem_of_key(path, message, hint="add the wheel of torch")


def _of_python(document: Document, path: Path, names: list[WheelName]) -> Iterator[Problem]:
    pythons = sorted({name.python for name in names if name.python is not None})
    if len(pythons) > 1:
        listed = ", ".join(f"3.{minor}" for minor in pythons)
        message = f"{label(path)} has wheels for several Pythons: {listed}"
        yield document.problem_of_key(path, message, hint="take all for one Python")


def _of_platform(document: Document, path: Path, name: WheelName) -> Iterator[Problem]:
    made_for = next((made for tag, made in _LOCAL.items() if name.local.startswith(tag)), path[-1])
    if made_for != path[-1]:
        message = f"{label(path)} has `{name.file}`, which was built for {made_for}"
        yield document.problem_of_key(path, message, hint=f"move it to `nix.wheels.{made_for}`")


def _twice(document: Document, path: Path, names: list[WheelName]) -> Iterator[Problem]:
    for project in dict.fromkeys(name.project for name in names):
        machines = [name.machine for name in names if name.project == project]
        if len(machines) > len(set(machines)) or (None in machines and len(machines) > 1):
            yield document.problem_of_key(path, f"{label(path)} has `{project}` twice", hint="remove one")


def _versions(document: Document, path: Path, names: list[WheelName]) -> Iterator[Problem]:
    for project in dict.fromkeys(name.project for name in names):
        versions = sorted({name.version for name in names if name.project == project})
        if len(versions) > 1:
            message = f"{label(path)} has several versions of `{project}`: {', '.join(versions)}"
            yield document.problem_of_key(path, message, hint="take the same for each machine")


def _place(document: Document, path: Path, place: str) -> Iterator[Problem]:
    if place.startswith(("/", "~")) or ".." in place.split("/"):
        message = f"{label(path)} is outside of the flake, which sees no other files of a machine: `{place}`"
        hint = "write `path: wheels/NAME` and put it there, or `file: NAME` with its `hash`"
        yield document.problem(path, message, hint=hint)
    elif path[-1] == "url" and not place.startswith("https://"):
        yield document.problem(path, f"{label(path)} must begin with `https://`, not be {shown(place)}")
    elif path[-1] == "file" and "/" in place:
        yield document.problem(path, f"{label(path)} must be a name without directories, not {shown(place)}")
    elif path[-1] == "path" and not _INSIDE.fullmatch(place):
        yield document.problem(path, f"{label(path)} must have letters, digits and `._+-/` only, not {shown(place)}")
    elif _name({str(path[-1]): place}) is None:
        message = f"{label(path)} is not named as a wheel: {shown(place)}"
        yield document.problem(
            path, message, hint="keep the name that its builder gave it, such as `x-1.0-py3-none-any.whl`"
        )


def _hash(document: Document, path: Path, keys: Mapping[str, Any], *, needed: bool) -> Iterator[Problem]:
    given = keys.get("hash")
    if given is None and needed:
        message = f"{label(path)} has no `hash`, so nobody could tell whether it is the same file"
        yield document.problem(path, message, hint="write what `nix hash file NAME` says")
    elif isinstance(given, str) and not _HASH.fullmatch(given):
        message = f"{label((*path, 'hash'))} must be `sha256-` and 44 characters of base64, not {shown(given)}"
        yield document.problem((*path, "hash"), message, hint="write what `nix hash file NAME` says")


def _wheels(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for platform, listed in document.mapping("nix", "wheels").items():
        for number, keys in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(keys, dict):
                yield ("nix", "wheels", platform, number), keys


def _name(keys: Mapping[str, Any]) -> WheelName | None:
    place = next((keys[key] for key in _PLACES if isinstance(keys.get(key), str)), "")
    return wheel_name(place.rpartition("/")[2].replace("%2B", "+"))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
