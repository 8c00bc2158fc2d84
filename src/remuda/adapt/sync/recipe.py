"""One recipe at one commit → what it gives a model, with the files that it needs.

Files of the repository that a container mounts are brought beside the fleet file, each under the hash of what is in it:
the same content stays at the same path from one commit to the next, so that no engine starts anew for it, and nothing
is ever written over. What a recipe mounts that the repository has not is a directory for a cache, and is made.

Nothing is run. Steps and patches are run by the container later, which is what a recipe is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final, Literal, Protocol

from remuda.adapt.compose.adapter import derive
from remuda.adapt.compose.project import project
from remuda.adapt.contract import Files, Remark, Source
from remuda.engines import command
from remuda.errors import Problem
from remuda.spec.lock import KEYS
from remuda.spec.rules.sources import is_inside

FOLDER: Final = "remuda.upstream"
"""Where files of recipes are, beside the fleet file."""

MADE: Final = "made"
MAX_FILES: Final = 2_000
MAX_BYTES: Final = 64 * 1024**2

HASH_LENGTH: Final = 16


class Tree(Files, Protocol):
    """The files of a commit."""

    def kind(self, path: PurePosixPath) -> Literal["file", "directory", "link"] | None:
        """What is at a path."""
        ...

    def below(self, directory: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """Every file below a directory, links too."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model's `source` asks for; `service` may be left out where a recipe has one only."""

    upstream: str
    path: str
    service: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a recipe gives; with `problems` it gives nothing.

    `digest`: the SHA-256 of the compose file. Paths of `files` and `directories` begin where the fleet file is.
    """

    digest: str = ""
    derived: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    problems: tuple[Remark, ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}


def recipe(tree: Tree, asked: Asked) -> Recipe:
    """What a recipe gives."""
    path = PurePosixPath(asked.path)
    content = tree.read(path)
    if content is None:
        return _refused(asked, "is a symbolic link" if tree.kind(path) == "link" else "is no file that can be read")
    source = Source(path, tree, None, asked.variables)
    service = asked.service or _only_service(source)
    if service is None:
        return _refused(asked, "has several services", "say which by `service`")
    found = derive(source, service)
    errors = tuple(remark for remark in found.remarks if remark.problem.severity == "error")
    if errors or not found.entry:
        said = errors or tuple(found.remarks)
        refused = tuple(Remark(one.file, replace(one.problem, severity="error")) for one in said)
        return Recipe(problems=refused or _refused(asked, "runs no engine").problems)
    bringing = _Bringing(tree, asked.upstream)
    derived = bringing.localized({key: value for key, value in found.entry.items() if _is_given(key, found.entry)})
    unknowns = (*(remark.problem.message for remark in found.remarks), *bringing.unknowns)
    problems = tuple(Remark(asked.path, Problem(message)) for message in dict.fromkeys(bringing.problems))
    return Recipe(
        digest=hashlib.sha256(content).hexdigest(),
        derived=derived,
        files=bringing.files,
        directories=tuple(dict.fromkeys(bringing.directories)),
        unknowns=tuple(dict.fromkeys(unknowns)),
        problems=problems,
    )


def _is_given(key: str, entry: Mapping[str, Any]) -> bool:
    """A port of the host is the fleet's to give: recipes are written for one model at a time."""
    return key in KEYS and (key != "port" or entry.get("engine") == command.NAME)


def _only_service(source: Source) -> str | None:
    """The service of a recipe that has one; of one that cannot be read any will do, to be told why."""
    names = list(project(source).services)
    return (names or [""])[0] if len(names) <= 1 else None


def _refused(asked: Asked, reason: str, hint: str | None = None) -> Recipe:
    return Recipe(problems=(Remark(asked.path, Problem(f"the recipe `{asked.path}` {reason}", hint=hint)),))


@dataclass(slots=True)
class _Bringing:
    """What has to be brought along for one recipe."""

    tree: Tree
    upstream: str
    files: dict[str, bytes] = field(default_factory=dict)
    directories: list[str] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    size_bytes: int = 0

    def localized(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The entry with its paths in the repository replaced by those beside the fleet file."""
        found = dict(entry)
        volumes = [volume.split(":", 1) for volume in entry.get("volumes", ())]
        if volumes:
            found["volumes"] = [":".join((self.place(source, rest), *rest)) for source, *rest in volumes]
        for key in ("model", "environment_file"):
            if isinstance(entry.get(key), str):
                found[key] = self.place(entry[key], [], parents=[source for source, *_ in volumes])
        return found

    def place(self, text: str, options: list[str], parents: Iterable[str] = ()) -> str:
        """Where a path of the recipe is here; what is no path of the repository stays."""
        if not text.startswith("./"):
            return text
        path = text.removeprefix("./")
        mounted = next((parent for parent in parents if text.startswith(f"{parent}/")), None)
        if mounted is not None and self.tree.kind(PurePosixPath(path)) is None:
            return f"{self.place(mounted, [])}{text.removeprefix(mounted)}"
        if not is_inside(path) or ":" in path:
            self.problems.append(f"`{path}` is outside of the repository, or no path that can be mounted")
            return text
        return f"./{self.brought(PurePosixPath(path), is_read_only=_is_read_only(options))}"

    def brought(self, path: PurePosixPath, *, is_read_only: bool) -> str:
        kinds: Mapping[str | None, Callable[[PurePosixPath], str]] = {"file": self.file, "directory": self.folder}
        kind = self.tree.kind(path)
        if kind in kinds:
            return kinds[kind](path)
        if kind == "link":
            self.problems.append(f"`{path}` is a symbolic link, which is not followed")
        elif is_read_only:
            self.unknowns.append(f"`{path}` is mounted, and not in the repository: an empty directory stands for it")
        made = f"{FOLDER}/{self.upstream}/{MADE}/{path}"
        self.directories.append(made)
        return made

    def file(self, path: PurePosixPath) -> str:
        content = self.content(path)
        place = f"{self.folder_of(hashlib.sha256(content).hexdigest())}/{path.name}"
        self.files[place] = content
        return place

    def folder(self, path: PurePosixPath) -> str:
        """All files of a directory; links in it lead nowhere and are left out."""
        below = [file for file in self.tree.below(path) if self.tree.kind(file) == "file"]
        if len(below) > MAX_FILES:
            self.problems.append(f"`{path}` has {len(below)} files: at most {MAX_FILES} are brought along")
            return str(path)
        if len(below) < len(self.tree.below(path)):
            self.unknowns.append(f"symbolic links in `{path}` are left out")
        contents = {file: self.content(file) for file in below}
        listed = "".join(f"{hashlib.sha256(text).hexdigest()} {file}\n" for file, text in sorted(contents.items()))
        place = f"{self.folder_of(hashlib.sha256(listed.encode(errors='surrogateescape')).hexdigest())}/{path.name}"
        self.files |= {f"{place}/{file.relative_to(path)}": text for file, text in contents.items()}
        return place

    def folder_of(self, digest: str) -> str:
        return f"{FOLDER}/{self.upstream}/{digest[:HASH_LENGTH]}"

    def content(self, path: PurePosixPath) -> bytes:
        found = self.tree.read(path)
        if not is_inside(str(path)):
            self.problems.append(f"`{path!a}` has a name that is not brought along")
        elif found is None:
            self.problems.append(f"`{path}` cannot be read, or is too large to be brought along")
        else:
            self.size_bytes += len(found)
        if self.size_bytes > MAX_BYTES:
            self.problems.append(f"`{path}` is too much: at most {MAX_BYTES // 2**20} MiB are brought along")
        return found or b""


def _is_read_only(options: Iterable[str]) -> bool:
    """What follows a volume's source: where it is in the container, and how."""
    return any("ro" in text.partition(":")[2].split(",") for text in options)
