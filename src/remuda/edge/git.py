"""git through its command line: reads commits of repositories that nobody vouches for.

Nothing of a repository is checked out or run: no hooks, filters, text conversions, submodules or programs of its own or
the user's configuration, which is not read (`ssh` and `.netrc` are, by the programs whose they are). Nobody is asked
for a password. Only `clone` and `fetch` reach a network, and every command has bounds of time and output.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from remuda.adapt.sync.trail import Commit
from remuda.errors import EffectError, SpecError
from remuda.spec.document import MAX_BYTES

MAX_OUTPUT_BYTES: Final = 128 * 1024**2
MAX_PACK_BYTES: Final = 4 * 1024**3
READ_TIMEOUT_S: Final = 60.0
FETCH_TIMEOUT_S: Final = 600.0

_NETWORK: Final = "https:ssh:git"
_NONE: Final = "none"
"""No protocol at all: what only reads must not fetch what a partial clone lacks."""

_SAFE: Final = (
    *("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null"),
    *("credential.helper=", "protocol.ext.allow=never", "submodule.recurse=false", "fetch.recurseSubmodules=false"),
    *("gc.auto=0", "maintenance.auto=false", "log.showSignature=false", "core.pager=cat", "diff.renameLimit=5000"),
    "transfer.bundleURI=false",
)
_RENAMES: Final = "-M50%"
_KEPT: Final = (
    *("PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK"),
    *("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit."""

    object_id: str
    size_bytes: int
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on this machine, by its git directory."""

    directory: Path

    def commit(self, ref: str | None) -> str | None:
        """The commit of a branch, tag or commit, else of `HEAD`; None where there is none."""
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref or 'HEAD'}^{{commit}}")
        try:
            return self._read(*words).decode().strip()
        except EffectError:
            return None

    def date(self, commit: str) -> str:
        """The day of a commit, in UTC."""
        words = ("log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d", "--end-of-options", commit, "--")
        return self._read(*words).decode().strip()

    def tree(self, commit: str) -> dict[str, Blob]:
        """The files of a commit by path; submodules are none."""
        found = {}
        for line in self._read("ls-tree", "-r", "-z", "--long", "--full-tree", commit).split(b"\0"):
            about, _, path = line.partition(b"\t")
            mode, kind, object_id, size = (*about.decode().split(), "", "", "", "")[:4]
            if kind == "blob":
                found[os.fsdecode(path)] = Blob(object_id, int(size), is_link=mode == "120000")
        return found

    def history(self, since: str | None, until: str) -> Iterator[Commit]:
        """The commits that are in `until` and not in `since`, the oldest first, renames followed."""
        spread = (until, *((f"^{since}",) if since else ()))
        options = ("-z", "--topo-order", "--reverse", _RENAMES, "--name-status", "--no-ext-diff", "--no-textconv")
        form = "--format=%x01%H%x00%cd%x00%s"
        found = self._read("log", *options, "--date=format-local:%Y-%m-%d", form, "--end-of-options", *spread, "--")
        return (_step(text) for text in found.split(b"\x01")[1:])

    def contents(self, blobs: Sequence[Blob]) -> dict[str, bytes]:
        """What is in files, by object; those that are too large to be meant are left out."""
        wanted = list(dict.fromkeys(blob.object_id for blob in blobs if blob.size_bytes <= MAX_BYTES))
        if not wanted:
            return {}
        limit = sum(blob.size_bytes + 100 for blob in blobs if blob.size_bytes <= MAX_BYTES)
        out = self._read("cat-file", "--batch", feed="".join(f"{one}\n" for one in wanted).encode(), limit_bytes=limit)
        return dict(_objects(out, wanted))

    def fetch(self, address: str) -> None:
        """Bring every branch and tag of another repository here; those that are gone there go."""
        words = (
            "fetch",
            "--quiet",
            "--prune",
            "--force",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
        )
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        self._run((*words, "--", address, *refs), Bounds(FETCH_TIMEOUT_S, protocols=_NETWORK))

    def _read(self, *words: str, feed: bytes = b"", limit_bytes: int = MAX_OUTPUT_BYTES) -> bytes:
        return self._run(words, Bounds(READ_TIMEOUT_S, limit_bytes), feed)

    def _run(self, words: Sequence[str], bounds: Bounds, feed: bytes = b"") -> bytes:
        return run((f"--git-dir={self.directory}", *words), bounds, feed)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a command may take, how much it may print, and which protocols it may use."""

    timeout_s: float
    output_bytes: int = MAX_OUTPUT_BYTES
    protocols: str = _NONE


def clone(address: str, directory: Path) -> Repository:
    """A bare copy of a remote repository in a new directory."""
    words = ("clone", "--quiet", "--bare", "--template=", "--no-recurse-submodules", "--", address, str(directory))
    run(words, Bounds(FETCH_TIMEOUT_S, protocols=_NETWORK))
    return Repository(directory)


def local(path: Path) -> Repository:
    """The repository that a clone on this machine has; raises SpecError where there is none."""
    inner = path / ".git"
    repository = Repository(inner if inner.exists() else path)
    try:
        run((f"--git-dir={repository.directory}", "rev-parse", "--git-dir"), Bounds(READ_TIMEOUT_S))
    except EffectError as error:
        hint = "clone it there, or write its address"
        raise SpecError(f"cannot read the repository `{path}`: {error.message}", hint=hint) from None
    return repository


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """The files of one commit, as adapters read them; symbolic links and submodules lead nowhere."""

    repository: Repository
    blobs: Mapping[str, Blob]
    _known: dict[str, bytes]

    @classmethod
    def of(cls, repository: Repository, commit: str, wanted: Sequence[str] = ()) -> CommitFiles:
        """The files of a commit; those at `wanted` paths are read at once."""
        blobs = repository.tree(commit)
        first = [blobs[path] for path in wanted if path in blobs]
        return cls(repository, blobs, repository.contents(first))

    def read(self, path: PurePosixPath) -> bytes | None:
        """The content of a file; None where there is none, or none that may be read."""
        blob = self.blobs.get(str(path))
        if blob is None or blob.is_link:
            return None
        if blob.object_id not in self._known:
            self._known.update(self.repository.contents([blob]))
        return self._known.get(blob.object_id)

    def digest(self, path: str) -> str | None:
        """The SHA-256 of a file; None where there is none, or none that may be read."""
        content = self.read(PurePosixPath(path))
        return None if content is None else hashlib.sha256(content).hexdigest()

    def kind(self, path: PurePosixPath) -> Literal["file", "directory", "link"] | None:
        """What is at a path."""
        if blob := self.blobs.get(str(path)):
            return "link" if blob.is_link else "file"
        return "directory" if any(name.startswith(f"{path}/") for name in self.blobs) else None

    def below(self, directory: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """Every file below a directory, links too. They are read at once, since one by one takes a process each."""
        inside = {name: blob for name, blob in self.blobs.items() if name.startswith(f"{directory}/")}
        missing = [blob for blob in inside.values() if blob.object_id not in self._known]
        if sum(blob.size_bytes for blob in missing) <= MAX_OUTPUT_BYTES // 2:
            self._known.update(self.repository.contents(missing))
        return tuple(map(PurePosixPath, inside))

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        """The names in a directory, sorted; empty where there is none."""
        above = "" if directory == PurePosixPath() else f"{directory}/"
        inside = (path[len(above) :] for path in self.blobs if path.startswith(above))
        return tuple(sorted({path.partition("/")[0] for path in inside}))


def run(words: Sequence[str], bounds: Bounds, feed: bytes = b"") -> bytes:
    """What git prints; raises EffectError for what it complains of, and where it goes over its bounds."""
    options = [word for setting in _SAFE for word in ("-c", setting)]
    argv = ("git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", *options, *words)
    pipe = subprocess.PIPE
    environment = _environment(bounds.protocols)
    try:
        process = subprocess.Popen(  # noqa: S603 (an argv, no shell; what is foreign in it stands behind its options)
            argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
        )
    except OSError as error:
        message = f"cannot run `git`: {(error.strerror or str(error)).lower()}"
        raise EffectError(message, hint="install git") from None
    with process:
        if bounds.protocols != _NONE:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (MAX_PACK_BYTES, MAX_PACK_BYTES))
        timer = threading.Timer(bounds.timeout_s, _end, [process])
        timer.start()
        try:
            return _finished(process, bounds, feed)
        finally:
            timer.cancel()
            _end(process)


def _finished(process: subprocess.Popen[bytes], bounds: Bounds, feed: bytes) -> bytes:
    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 (pipes, all three)
    feeder = threading.Thread(target=_feed, args=(process.stdin, feed))
    complaint: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process.stderr, complaint))
    feeder.start()
    listener.start()
    output = process.stdout.read(bounds.output_bytes + 1)
    if len(output) > bounds.output_bytes:
        _end(process)
    code = process.wait()
    feeder.join()
    listener.join()
    if len(output) > bounds.output_bytes:
        raise EffectError(f"git says more than {bounds.output_bytes} bytes, and was ended")
    if code:
        lines = b"".join(complaint).decode(errors="replace").strip().splitlines()
        said = lines[-1].removeprefix("fatal: ").removeprefix("error: ") if lines else f"it ended with {code}"
        too_long = f" after {bounds.timeout_s:.0f} s" if code < 0 and not lines else ""
        raise EffectError(f"git failed{too_long}: {''.join(filter(str.isprintable, said))[:300]}")
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and the programs that it has started, which hold its pipes."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _feed(pipe: IO[bytes], content: bytes) -> None:
    try:
        with pipe:
            pipe.write(content)
    except OSError:
        return  # it has ended, and says why


def _listen(pipe: IO[bytes], complaint: list[bytes]) -> None:
    complaint.append(pipe.read(64 * 1024))
    while pipe.read(64 * 1024):
        pass


def _environment(protocols: str) -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_ASKPASS": "false",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "SSH_ASKPASS": "false",
        "TZ": "UTC",
    }


def _step(text: bytes) -> Commit:
    """A commit as `--format` and `-z --name-status` write it: a letter, and one path or two."""
    commit, date, subject, *rest = text.split(b"\0")
    words = iter(word.lstrip(b"\n") for word in rest)
    changes = []
    for word in words:
        if letter := word[:1].decode("ascii", "replace"):
            before = os.fsdecode(next(words, b""))
            changes.append((letter, before, os.fsdecode(next(words, b"")) if letter in "RC" else before))
    shown = "".join(filter(str.isprintable, subject.decode(errors="replace")))[:120]
    return Commit(commit.decode(), date.decode(), shown, tuple(changes))


def _objects(out: bytes, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    start = 0
    for object_id in wanted:
        end = out.index(b"\n", start)
        words = out[start:end].split()
        start = end + 1
        if words[1] == b"blob":
            size = int(words[2])
            yield object_id, out[start : start + size]
            start += size + 1
