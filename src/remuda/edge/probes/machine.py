"""What of a machine cannot be read from files: who asks, device files, free space, programs, NVML.

`LiveMachine` asks the one it runs on. A recorded one (`remuda.edge.probes.recorded`) answers from a folder, so that
everything above this is the same for both.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from remuda.edge.probes import memory_nvidia, nvml
from remuda.edge.probes.limits import LIMIT_S, Files
from remuda.errors import ProbeError
from remuda.facts.parse.nvml import Report
from remuda.facts.system import Node

_PROGRAM_LIMIT_S: Final = LIMIT_S - 0.2
"""A little less than its probe has, so that it is ended and not only left behind."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program printed until it ended."""

    code: int
    out: str
    err: str


class Machine(Protocol):
    """A machine that can be asked."""

    root: Path
    """The folder that its `/` is."""

    def architecture(self) -> str:
        """`uname -m`'s."""
        ...

    def libc(self) -> str | None:
        """The C library and its version (`glibc 2.36`)."""
        ...

    def identity(self) -> tuple[int, tuple[int, ...]]:
        """The number of the user who asks, and of all their groups."""
        ...

    def nodes(self) -> tuple[Node, ...]:
        """The device files that GPUs are used through."""
        ...

    def space(self, mount: str) -> tuple[int, int]:
        """Bytes of a file system: all, and free. Raises OSError."""
        ...

    def search_path(self) -> tuple[str, ...]:
        """The folders of programs."""
        ...

    def which(self, program: str) -> str | None:
        """Where a program is."""
        ...

    def run(self, argv: Sequence[str]) -> Printed:
        """Run a program to its end. Raises ProbeError when it does not end in time."""
        ...

    def nvml(self, files: Files) -> Report | None:
        """What NVML says; None without the driver. Raises ProbeError."""
        ...


class LiveMachine:
    """The machine that this runs on."""

    root = Path("/")

    def architecture(self) -> str:
        """`uname -m`'s."""
        return os.uname().machine

    def libc(self) -> str | None:
        """The C library and its version; None for one that does not say."""
        with contextlib.suppress(OSError, ValueError):
            return os.confstr("CS_GNU_LIBC_VERSION")
        return None

    def identity(self) -> tuple[int, tuple[int, ...]]:
        """The number of the user who asks, and of all their groups."""
        return os.geteuid(), tuple(sorted({os.getegid(), *os.getgroups()}))

    def nodes(self) -> tuple[Node, ...]:
        """The device files that GPUs are used through."""
        return tuple(node for path in _device_files() if (node := _node(path)))

    def space(self, mount: str) -> tuple[int, int]:
        """Bytes of a file system: all, and free to somebody who is not root."""
        told = os.statvfs(mount)
        return told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize

    def search_path(self) -> tuple[str, ...]:
        """The folders of programs, those of this interpreter among them."""
        folders = (*os.get_exec_path(), str(Path(sys.executable).parent))
        return tuple(dict.fromkeys(folder for folder in folders if folder.startswith("/")))

    def which(self, program: str) -> str | None:
        """Where a program is."""
        return shutil.which(program)

    def run(self, argv: Sequence[str]) -> Printed:
        """Run a program to its end, in a session of its own, and end all of it when that takes too long."""
        with subprocess.Popen(  # noqa: S603  from our own table of programs
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=_PROGRAM_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise ProbeError(f"`{' '.join(argv)}` did not end within {_PROGRAM_LIMIT_S:g} s") from None
        return Printed(process.returncode, out, err)

    def nvml(self, files: Files) -> Report | None:
        """What NVML says; None without the driver. Raises ProbeError."""
        library = memory_nvidia.connect()
        if library is None:
            return None
        try:
            return nvml.report(library, files)
        finally:
            library.nvmlShutdown()


def _device_files() -> Iterator[Path]:
    dev = Path("/dev")
    yield from (dev / "kfd", dev / "dxg")
    for pattern in ("nvidia*", "nvidia-caps/*", "dri/*"):
        yield from sorted(dev.glob(pattern))


def _node(path: Path) -> Node | None:
    """None when there is none, or it is something else."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISCHR(status.st_mode):
        return None
    owner, group = _user_name(status.st_uid), _group_name(status.st_gid)
    return Node(str(path), stat.filemode(status.st_mode), owner, group, os.access(path, os.R_OK | os.W_OK))


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
