"""Where a daemon keeps what it needs: one directory a fleet file, so that two daemons with two files never meet.

Run-time files (control socket, lock, state) are under `$XDG_RUNTIME_DIR/remuda`, or a private directory in /tmp where
there is none; logs are under `$XDG_STATE_HOME/remuda`, caches under `$XDG_CACHE_HOME/remuda`. Everything is made
readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from remuda.errors import EffectError


@dataclass(frozen=True, slots=True)
class Places:
    """The paths of one fleet's daemon."""

    runtime: Path
    state: Path

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.runtime / "control.sock"

    @property
    def lock(self) -> Path:
        """Held by the daemon as long as it lives."""
        return self.runtime / "lock"

    @property
    def instances(self) -> Path:
        """The record of running engines."""
        return self.runtime / "instances.json"

    @property
    def usage(self) -> Path:
        """What was served, over days and restarts."""
        return self.state / "usage.sqlite"

    @property
    def peaks(self) -> Path:
        """What engines were seen to need, over restarts."""
        return self.state / "peaks.json"

    @property
    def daemon_log(self) -> Path:
        """What a daemon in the background prints."""
        return self.state / "daemon.log"

    def cache(self, model_id: str) -> Path:
        """Where a model's engine saves what it has cached, made when it is needed."""
        return self.state / "caches" / quote(model_id, safe="")

    def log(self, model_id: str) -> Path:
        """The log of a model's engine, that of the last attempt (`engine_log`); model IDs may hold slashes."""
        return self.state / "logs" / f"{quote(model_id, safe='')}.log"

    def make(self) -> None:
        """Create the directories; the ones above them too must be ours, or somebody could exchange what is inside."""
        for path in (self.runtime.parent, self.runtime, self.state.parent, self.state, self.state / "logs"):
            private_directory(path)


def places(fleet_file: Path) -> Places:
    """The places of the daemon that serves this fleet file.

    A link to the file is not followed: `remuda apply` lets one lead to another file each time, for the same daemon.
    """
    resolved = fleet_file.parent.resolve() / fleet_file.name
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", resolved.parent.name)[:24].strip("-") or "fleet"
    key = f"{name}-{hashlib.sha256(str(resolved).encode()).hexdigest()[:12]}"
    return Places(runtime=runtime_root() / key, state=_home("XDG_STATE_HOME", ".local/state") / key)


def runtime_root() -> Path:
    """The directory with one folder for each daemon of this user.

    A private directory in /tmp stands in for a missing `XDG_RUNTIME_DIR`: the same for every shell of the user, unlike
    `TMPDIR`.
    """
    configured = os.environ.get("XDG_RUNTIME_DIR")
    if configured:
        return Path(configured) / "remuda"
    session = Path(f"/run/user/{os.getuid()}")
    if session.is_dir() and os.access(session, os.W_OK):
        return session / "remuda"
    return Path("/tmp") / f"remuda-{os.getuid()}"  # noqa: S108  `private_directory` refuses one that is not ours


def cache_root() -> Path:
    """The directory for what can be made again."""
    return _home("XDG_CACHE_HOME", ".cache")


def _home(variable: str, fallback: str) -> Path:
    configured = os.environ.get(variable)
    return (Path(configured) if configured else Path.home() / fallback) / "remuda"


def private_directory(path: Path) -> None:
    """Make a directory that only its owner can enter; refuse one that belongs to somebody else."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        message = f"cannot create the directory `{path}`: {error.strerror}"
        raise EffectError(message, hint="set `XDG_RUNTIME_DIR` and `XDG_STATE_HOME` to directories of yours") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        message = f"cannot use `{path}`: it is not a directory of user {os.getuid()}"
        raise EffectError(message, hint="remove it, or set `XDG_RUNTIME_DIR`")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Replace a file's text in one step, readable by its owner alone."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
