"""A systemd of a user, alone in namespaces of its own: the real one of this machine, ended with the test.

What runs inside sees a `/run` and a tree of cgroups of its own, and the machine's files and network. Its
cgroup is named as logind would, by which journald tells whose the units are.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SYSTEMD = Path("/lib/systemd/systemd")
CGROUPS = next(
    (path for path in map(Path, ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")) if (path / "cgroup.procs").exists()), None
)
PROGRAMS = ("unshare", "systemd-run", "dbus-daemon")
RUNTIME_DIR = "/run/user/test"
NOT_HERE = 77

_NAMESPACES = """
mkdir -p "$CGROUP" && echo $$ > "$CGROUP/cgroup.procs" || exit 77
unshare --cgroup --mount --pid --fork --mount-proc true || exit 77
exec unshare --cgroup --mount --pid --fork --mount-proc --kill-child --propagation private sh -c '
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /run || exit 77
    mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR" /sys/fs/cgroup/journald "/sys/fs/cgroup$USER_CGROUP"
    sh -c "echo \\$\\$ > /sys/fs/cgroup/journald/cgroup.procs; exec ${SYSTEMD}-journald" > "$LOG.journald" 2>&1 &
    until [ -S /run/systemd/journal/stdout ]; do kill -0 $! || exit 77; sleep 0.01; done
    echo $$ > "/sys/fs/cgroup$USER_CGROUP/cgroup.procs"
    eval "$BEFORE"
    "$SYSTEMD" --user > "$LOG" 2>&1 &
    until [ -S "$XDG_RUNTIME_DIR/systemd/private" ]; do kill -0 $! || exit 77; sleep 0.01; done
    systemctl --user --wait is-system-running > /dev/null
    systemctl --user start dbus.service || exit 77
    exec "$@"' sh "$@"
"""


# A user's bus, as the package dbus-user-session has it: systemd is on it only where it has these units.
BUS = {
    "dbus.socket": "[Socket]\nListenStream=%t/bus\n",
    "dbus.service": "[Service]\nType=notify\nExecStart=dbus-daemon --session --address=systemd: --nofork --nopidfile\n"
    "[Unit]\nRequires=dbus.socket\n",
}


@dataclass(frozen=True)
class PrivateUser:
    """Where a systemd of a user can be run: `config` is what is its `~/.config`, `log` what it has said."""

    config: Path
    log: Path
    _cgroup: Path

    @property
    def units(self) -> Path:
        """Where its units are read from."""
        return self.config / "systemd" / "user"

    def unit(self, name: str, service: str) -> None:
        """Write a service; it has yet to be read."""
        self.units.mkdir(parents=True, exist_ok=True)
        (self.units / name).write_text(f"[Service]\n{service}\n")

    def run(
        self, argv: Sequence[str], environment: dict[str, str] | None = None, *, before: str = "", limit_s: float = 40
    ) -> str:
        """Run a program beside the systemd and return its output; skips the test where that cannot be.

        `before`: what a shell is to do before the systemd is there.
        """
        self.units.mkdir(parents=True, exist_ok=True)
        for name, text in BUS.items():
            (self.units / name).write_text(text)
        with self._ended_afterwards():
            done = subprocess.run(
                ["sh", "-c", _NAMESPACES, "sh", *argv],
                env=self._environment(environment or {}, before),
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=False,
            )
        if done.returncode == NOT_HERE:
            pytest.skip(f"this machine cannot run a systemd of its own: {done.stderr}")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def _environment(self, more: dict[str, str], before: str) -> dict[str, str]:
        return {
            **os.environ,
            "XDG_CONFIG_HOME": str(self.config),
            "XDG_RUNTIME_DIR": RUNTIME_DIR,
            **more,
            "BEFORE": before,
            "CGROUP": str(self._cgroup),
            "LOG": str(self.log),
            "SYSTEMD": str(SYSTEMD),
            "USER_CGROUP": "/user.slice/user-0.slice/user@0.service",
        }

    @contextlib.contextmanager
    def _ended_afterwards(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._cgroup.exists():
                _remove(self._cgroup)


def private_user(directory: Path) -> PrivateUser:
    """A user with these directories; skips the test where a systemd of its own cannot be run."""
    if CGROUPS is None or os.getuid() or not SYSTEMD.exists() or not all(map(shutil.which, PROGRAMS)):
        pytest.skip("this machine cannot run a systemd of its own")
    return PrivateUser(directory / "config_home", directory / "systemd.log", CGROUPS / f"remuda-test-{os.getpid()}")


def _remove(cgroup: Path) -> None:
    (cgroup / "cgroup.kill").write_text("1")
    while "populated 1" in (cgroup / "cgroup.events").read_text():
        time.sleep(0.01)
    for left in (*sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True), cgroup):
        left.rmdir()
