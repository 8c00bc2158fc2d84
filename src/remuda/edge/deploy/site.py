"""Where generations and links to them belong: on this machine, for the system or a user, or in a staging tree.

The generations of the system are kept under `/etc`, not `/var`: systemd and podman's generator read units before any
other file system is mounted, and a link into one leads nowhere then. Links name the final path also in a staging tree,
since it is to become a machine's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from remuda.deploy.tree import Scope


@dataclass(frozen=True, slots=True)
class Site:
    """A scope of a machine. `root` is `/`, or the staging tree; `store` and `config` are as the machine sees them."""

    scope: Scope
    root: Path
    store: PurePosixPath
    config: PurePosixPath

    @property
    def current(self) -> PurePosixPath:
        """The link that leads to the files of the current generation, as the machine sees it."""
        return self.store / "current"

    @property
    def directory(self) -> Path:
        """The store on this disk."""
        return self._inside(self.store)

    def real(self, place: PurePosixPath) -> Path:
        """Where a path of a rendering belongs on this disk; what belongs nowhere stays in its generation."""
        match place.parts[0]:
            case "config":
                return self._inside(self.config / place.relative_to("config"))
            case "etc":
                return self._inside(PurePosixPath("/") / place)
            case _:
                return self.directory / "current" / place

    def _inside(self, path: PurePosixPath) -> Path:
        return self.root / path.relative_to("/")


def site(scope: Scope, environment: Mapping[str, str], root: Path | None = None) -> Site:
    """The site of a scope; the user's directories are those that the environment says."""
    home = Path(environment.get("HOME") or Path.home())
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    state = Path(environment.get("XDG_STATE_HOME") or home / ".local/state")
    store = PurePosixPath("/etc") if scope == "system" else PurePosixPath(state.absolute())
    staging = Path(root or "/").absolute()
    return Site(scope, staging, store / "remuda" / "deploy", PurePosixPath(config.absolute()))


def usual_scope() -> Scope:
    """The system's for root, else the user's."""
    return "system" if os.geteuid() == 0 else "user"
