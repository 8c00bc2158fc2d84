"""Scopes of the user's systemd, for engines of a daemon that may make no cgroups: each engine in one of its own.

`systemd-run --scope` asks the user's service manager for a cgroup with limits, enters it, and becomes the program that
it is given: same process, same session, same output. The cgroup belongs to the user, so `remuda.edge.cgroups` finds and
ends what is in it as in one that we have made ourselves; the manager removes it when it is empty.

Whether all of that works here is tried once, since a manager that does not answer would keep every engine from
starting. What is bounded depends on the controllers that the system hands to the user (systemd.resource-control(5)).
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda.edge.cgroups import PREFIX, controllers_of

_LIMIT_S = 5.0
_SCOPE = ("--user", "--scope", "--quiet", "--collect")


@dataclass(frozen=True, slots=True)
class Scopes:
    """Where scopes can be made; `controllers` are those that bound what is in them."""

    program: str
    controllers: frozenset[str]

    def argv(self, name: str, *, memory_bytes: int | None = None, cpus: float | None = None) -> tuple[str, ...]:
        """What to put before an argv, so that it runs in a scope with these limits."""
        unit = f"{PREFIX}{re.sub(r'[^A-Za-z0-9.-]+', '_', name)}-{secrets.token_hex(4)}.scope"
        limits = {
            "MemoryMax": memory_bytes,
            "CPUQuota": None if cpus is None else f"{round(cpus * 100)}%",
        }
        properties = (f"--property={key}={limit}" for key, limit in limits.items() if limit is not None)
        return (self.program, *_SCOPE, f"--unit={unit}", *properties, "--")


def find_scopes(environment: Mapping[str, str]) -> Scopes | None:
    """Where the user's service manager makes scopes; None where there is none, or it does not."""
    program = shutil.which("systemd-run", path=environment.get("PATH"))
    runtime = environment.get("XDG_RUNTIME_DIR")
    if program is None or runtime is None or not (Path(runtime) / "systemd" / "private").exists():
        return None
    try:
        tried = subprocess.run(  # noqa: S603  a program of the system's, no shell
            [program, *_SCOPE, "--", "/bin/cat", "/proc/self/cgroup"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Scopes(program, controllers_of(tried.stdout))
