"""Looks at many sources at once, each for a limited time.

Every probe has a thread of its own, since neither a read of a file nor a call into a driver can be interrupted: one
that has not ended in time is no longer waited for, and its thread stays behind until the kernel lets it go. What a
probe cannot do is a finding; nothing that it does ends the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from pathlib import Path
from typing import Final, Generic, TypeVar

from remuda.errors import ProbeError
from remuda.facts.finding import Finding, Kind

T = TypeVar("T")
D = TypeVar("D")

LIMIT_S: Final = 2.0
"""What one source may take. A driver that has to wake its cards first is over it; `nvidia-persistenced` helps."""


class Files:
    """The files below a folder that stands for `/`. One that is not there is None; one that is refused, a finding."""

    def __init__(self, root: Path, source: str) -> None:
        self.findings: list[Finding] = []
        self._root = root
        self._source = source

    def path(self, name: str) -> Path:
        """Where a file of the machine is."""
        return self._root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """What a file holds."""
        try:
            return self.path(name).read_text(errors="replace")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ProcessLookupError):
            return None
        except OSError as error:
            self._note(error)
            return None

    def line(self, name: str) -> str | None:
        """What a file of one line holds, without its end; None for an empty one as well."""
        return (self.text(name) or "").strip() or None

    def names(self, folder: str) -> tuple[str, ...]:
        """What is in a folder, in order; nothing when it is not there."""
        try:
            return tuple(sorted(entry.name for entry in self.path(folder).iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            self._note(error)
            return ()

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        try:
            return self.path(name).exists()
        except OSError:
            return False

    def note(self, kind: Kind, message: str) -> None:
        """Remember what came in the way."""
        self.findings.append(Finding(self._source, kind, message))

    def _note(self, error: OSError) -> None:
        kind: Kind = "refused" if isinstance(error, PermissionError) else "unreadable"
        self.note(kind, f"cannot read `{error.filename}`: {error.strerror}")


class Pending(Generic[T]):
    """A probe under way."""

    def __init__(self, source: str, probe: Callable[[Files], T], root: Path) -> None:
        self.source = source
        self.files = Files(root, source)
        self.future: Future[T] = Future()
        self._probe = probe
        threading.Thread(target=self._run, name=f"probe {source}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.future.set_result(self._probe(self.files))
        except BaseException as error:  # noqa: BLE001  whatever it was, it is told where the result is asked for
            self.future.set_exception(error)


class Round:
    """Probes that are started together and share one deadline. `root` is the folder that `/` stands for."""

    def __init__(self, root: Path, limit_s: float = LIMIT_S) -> None:
        self.findings: list[Finding] = []
        self._root = root
        self._limit_s = limit_s
        self._deadline = time.monotonic() + limit_s

    def start(self, source: str, probe: Callable[[Files], T]) -> Pending[T]:
        """Begin with a source."""
        return Pending(source, probe, self._root)

    def result(self, pending: Pending[T], default: D) -> T | D:
        """What a probe found, `default` when it did not; ask once for each."""
        source = pending.source
        try:
            found = pending.future.result(max(0.0, self._deadline - time.monotonic()))
        except LateError:
            self._note(source, "slow", f"{source} did not answer within {self._limit_s:g} s")
        except ProbeError as error:
            self._note(source, "broken", error.message)
        except OSError as error:
            kind: Kind = "refused" if isinstance(error, PermissionError) else "unreadable"
            self._note(source, kind, f"cannot look at {source}: {error}")
        except Exception as error:  # noqa: BLE001  a source may say anything
            self._note(source, "unreadable", f"cannot make sense of {source}: {error!r}")
        else:
            self.findings.extend(pending.files.findings)
            return found
        self.findings.extend(pending.files.findings)
        return default

    def _note(self, source: str, kind: Kind, message: str) -> None:
        self.findings.append(Finding(source, kind, message))
