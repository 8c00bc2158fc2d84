"""Looks at the upstreams of a fleet, and writes what came of it: the effects of `remuda sync`.

Looking changes nothing but the copies of repositories in the cache. Writing goes in an order in which an interruption
at any point leaves a fleet that works: first the files that the new lock needs, under names of their own; then the
lock, which is right for the fleet file before and after its edit; then the fleet file; last, what nothing needs goes.
The next sync does what was left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from remuda.adapt.contract import Remark
from remuda.adapt.sync.model import Looked, Told, asked_of, told
from remuda.adapt.sync.recipe import Asked, Recipe, recipe
from remuda.adapt.sync.trail import Commit, Trail, follow
from remuda.edge import brought, lock_file, user_file
from remuda.edge.git import CommitFiles, Repository
from remuda.edge.upstreams import repository
from remuda.errors import EffectError, Problem, SpecError
from remuda.spec import document as documents
from remuda.spec.check import judge
from remuda.spec.document import Document
from remuda.spec.edit import put
from remuda.spec.layer import is_of
from remuda.spec.lock import Lock, Locked, LockError, read, written
from remuda.spec.nearest import suggestion


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fleet file with its text. `only`: the models to sync, none for all. `offline`: by what was fetched before."""

    file: Path
    content: bytes
    only: frozenset[str] = frozenset()
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a sync found. `text` is the fleet file's, `edited` what is to become of it; `lock` and `files` likewise.

    With `problems`, some recipes cannot be taken over, and nothing is to be written.
    """

    told: tuple[Told, ...]
    lock: Mapping[str, Locked]
    lock_before: Lock
    files: Mapping[str, bytes]
    text: str
    edited: str
    problems: tuple[Remark, ...] = ()

    @property
    def has_drifted(self) -> bool:
        """Whether writing it would change anything."""
        return self.text != self.edited or any(one.has_drifted for one in self.told)


def look(wanted: Wanted) -> Found:
    """What the upstreams of a fleet have now. Raises SpecError and EffectError."""
    document = _document(wanted)
    lock = lock_file.read(wanted.file)
    try:
        entries = read(lock.content)
    except LockError as error:
        hint = "remove it: this writes it anew"
        raise SpecError(f"cannot use `{lock_file.path_of(wanted.file)}`: it {error}", hint=hint) from None
    sources = _sources(document)
    looking = _Looking(wanted, document)
    chosen = [looking.model(model_id, entries.get(model_id)) for model_id in sources if _is_wanted(model_id, wanted)]
    after = {model_id: entry for model_id, entry in entries.items() if model_id in sources}
    after |= {one.model_id: one.after for one in chosen if one.after is not None}
    text = wanted.content.decode()
    edited = text
    for model_id, entry in after.items():
        if entry.path != sources[model_id]["path"] and is_of(entry, sources[model_id]):
            edited = put(edited, ("models", model_id, "source", "path"), entry.path)
    return Found(tuple(chosen), after, lock, looking.files, text, edited, tuple(looking.problems))


def write(wanted: Wanted, found: Found) -> tuple[str, ...]:
    """Write what was found; the folders that nothing needs any more are removed and told. Raises EffectError."""
    if wanted.file.read_bytes() != wanted.content:
        raise EffectError(f"cannot write `{wanted.file}`: somebody edited it meanwhile", hint="run `remuda sync` again")
    directory = wanted.file.parent.absolute()
    brought.bring(directory, found.files, (path for entry in found.lock.values() for path in entry.directories))
    content = written(found.lock)
    if content != found.lock_before.content and (found.lock or found.lock_before.content is not None):
        user_file.write(lock_file.path_of(wanted.file), content.decode())
    if found.edited != found.text:
        user_file.write(wanted.file, found.edited)
    return brought.clean(directory, list(_needed(directory)))


def _needed(directory: Path) -> Iterator[str]:
    """The files that any fleet of the directory needs, by the locks in it; other programs have locks too."""
    for path in directory.glob("*.lock"):
        with contextlib.suppress(LockError, SpecError):
            for entry in read(lock_file.read(path).content).values():
                yield from entry.files


def _is_wanted(model_id: str, wanted: Wanted) -> bool:
    return not wanted.only or model_id in wanted.only


def _document(wanted: Wanted) -> Document:
    """The fleet file, in which everything about sources is right; the rest may wait for what is synced."""
    document = documents.load(wanted.content, str(wanted.file))
    _, problems = judge(document)
    mine = [problem for problem in problems if problem.severity == "error" and _is_about_sources(problem, document)]
    if mine:
        raise SpecError(f"cannot use `{wanted.file}`", file=str(wanted.file), problems=mine)
    sources = _sources(document)
    for model_id in sorted(wanted.only - sources.keys()):
        is_there = model_id in document.mapping("models")
        reason = "it has no `source`" if is_there else "there is no such model"
        hint = suggestion(model_id, sources, otherwise="add `source:` to it, with `upstream` and `path`")
        raise SpecError(f"cannot sync `{model_id}`: {reason}", hint=hint)
    return document


def _is_about_sources(problem: Problem, document: Document) -> bool:
    is_source = problem.path[2:3] == ("source",) and problem.path[0] == "models"
    return problem in document.problems or is_source or problem.path[:1] == ("upstreams",) or not problem.path


def _sources(document: Document) -> dict[str, Mapping[str, Any]]:
    models = document.mapping("models").items()
    return {model_id: keys["source"] for model_id, keys in models if isinstance(keys, dict) and keys.get("source")}


@dataclass(frozen=True, slots=True)
class _Upstream:
    """One upstream at the commit that its `ref` names."""

    url: str
    repository: Repository
    commit: str
    date: str
    files: CommitFiles


@dataclass(slots=True)
class _Looking:
    """Looks at each repository, commit and stretch of history once."""

    wanted: Wanted
    document: Document
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[Remark] = field(default_factory=list)
    _upstreams: dict[str, _Upstream] = field(default_factory=dict)
    _histories: dict[tuple[str, str | None], tuple[Commit, ...]] = field(default_factory=dict)

    def model(self, model_id: str, locked: Locked | None) -> Told:
        own = self.document.mapping("models", model_id)
        asked = asked_of(own)
        upstream = self.upstream(asked.upstream)
        is_same = locked is not None and is_of(locked, own["source"])
        trail = self.trail(asked, locked if is_same else None, upstream)
        found = None
        if trail.path is not None:
            found = recipe(upstream.files, Asked(asked.upstream, trail.path, asked.service, asked.variables))
            self.problems += found.problems
        elif locked is None:
            self.problems.append(_missing(asked, trail))
        looked = Looked(upstream.url, upstream.commit, upstream.date, trail, found)
        result = told(model_id, own, locked, self.base(locked, upstream), looked)
        return self.with_files(result, found)

    def with_files(self, result: Told, found: Recipe | None) -> Told:
        """Remember the files that the model needs; tell those that were there and are not as they were."""
        if found is None or result.after is None:
            return result
        damaged = brought.damaged(self.wanted.file.parent, result.after.files)
        self.files |= {path: found.files[path] for path in damaged}
        before = result.before.files if result.before else {}
        return replace(result, damaged=tuple(path for path in damaged if path in before))

    def upstream(self, name: str) -> _Upstream:
        if name not in self._upstreams:
            self._upstreams[name] = self._opened(name)
        return self._upstreams[name]

    def _opened(self, name: str) -> _Upstream:
        keys = self.document.mapping("upstreams", name)
        address, ref = keys["git"], keys.get("ref")
        found = repository(address, ref, self.wanted.file.parent, offline=self.wanted.offline)
        commit = found.commit(ref)
        if commit is None:
            path = ("upstreams", name, "ref" if ref else "git")
            message = f"the repository `{address}` has no `{ref or 'HEAD'}`"
            problem = self.document.problem(path, message, hint="name a branch, a tag or a commit of it")
            raise SpecError("cannot sync", file=str(self.wanted.file), problems=[problem])
        sources = _sources(self.document).values()
        paths = [source["path"] for source in sources if source["upstream"] == name]
        return _Upstream(address, found, commit, found.date(commit), CommitFiles.of(found, commit, paths))

    def trail(self, asked: Asked, locked: Locked | None, upstream: _Upstream) -> Trail:
        """Where the recipe is now, followed from where it was; nobody asks for the history of what has not changed."""
        start = locked.path if locked else asked.path
        blob = upstream.files.blobs.get(start)
        if blob is not None and (locked is None or upstream.files.digest(start) == locked.recipe):
            return Trail(start)
        since = locked.commit if locked and upstream.repository.commit(locked.commit) else None
        trail = follow(start, self.history(asked.upstream, since, upstream))
        return trail if trail.path in upstream.files.blobs or blob is None else Trail(start, touched=trail.touched)

    def history(self, name: str, since: str | None, upstream: _Upstream) -> Iterator[Commit]:
        if (name, since) not in self._histories:
            self._histories[name, since] = tuple(upstream.repository.history(since, upstream.commit))
        return iter(self._histories[name, since])

    def base(self, locked: Locked | None, upstream: _Upstream) -> Mapping[str, Any] | None:
        """What the recipe gave when it was looked at last: by the lock, or anew where that was edited."""
        if locked is None or locked.is_untouched:
            return locked.derived if locked else None
        if upstream.repository.commit(locked.commit) is None:
            return None
        again = recipe(
            CommitFiles.of(upstream.repository, locked.commit),
            Asked(locked.upstream, locked.path, locked.service, locked.variables),
        )
        return None if again.problems else again.derived


def _missing(asked: Asked, trail: Trail) -> Remark:
    deleted = next((move.commit for move in reversed(trail.moves) if move.path is None), None)
    by = f": it was deleted by {deleted.commit[:8]} ({deleted.date})" if deleted else ""
    message = f"the upstream `{asked.upstream}` has no file `{asked.path}`{by}"
    return Remark(asked.path, Problem(message, hint="write the path of a compose file, from the repository's root"))
