"""A machine that was recorded in a folder.

The folder is its `/` as far as files go. What is not in files is in two documents beside them: `machine.json` (this
module's `Recording`) and `nvml.json` (`remuda.facts.parse.nvml.Report`, missing where there is no such driver).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from remuda.edge.probes.limits import Files
from remuda.edge.probes.machine import Printed
from remuda.facts.parse.nvml import Report
from remuda.facts.system import Node


class Recording(Struct, frozen=True, forbid_unknown_fields=True):
    """What is not in files.

    `source` says where the recording is from. `nodes`: mode, owner and group of device files (`crw-rw---- root
    render`). `space`: all and free bytes by mount. `programs`: what a command line printed, text or the JSON itself.
    """

    source: str
    architecture: str = "x86_64"
    libc: str | None = "glibc 2.39"
    uid: int = 1000
    gids: tuple[int, ...] = (1000,)
    nodes: dict[str, str] = {}
    space: dict[str, tuple[int, int]] = {}
    programs: dict[str, Any] = {}
    search_path: tuple[str, ...] = ("/usr/local/bin", "/usr/bin", "/bin")


class RecordedMachine:
    """The machine of a folder. Raises OSError, msgspec.MsgspecError when that holds no recording."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._recording = msgspec.json.decode((root / "machine.json").read_bytes(), type=Recording)

    def architecture(self) -> str:
        """`uname -m`'s."""
        return self._recording.architecture

    def libc(self) -> str | None:
        """The C library and its version."""
        return self._recording.libc

    def identity(self) -> tuple[int, tuple[int, ...]]:
        """The number of the user who asked, and of all their groups."""
        return self._recording.uid, self._recording.gids

    def nodes(self) -> tuple[Node, ...]:
        """The device files, open to whom their modes say."""
        told = ((path, *text.split()) for path, text in self._recording.nodes.items())
        return tuple(Node(path, mode, owner, group, self._is_open(mode, group)) for path, mode, owner, group in told)

    def space(self, mount: str) -> tuple[int, int]:
        """Bytes of a file system: all, and free."""
        if mount not in self._recording.space:
            raise FileNotFoundError(mount)
        return self._recording.space[mount]

    def search_path(self) -> tuple[str, ...]:
        """The folders of programs."""
        return self._recording.search_path

    def which(self, program: str) -> str | None:
        """Where a program is that printed something."""
        is_there = any(line.split()[0] == program for line in self._recording.programs)
        return f"/usr/bin/{program}" if is_there else None

    def run(self, argv: Sequence[str]) -> Printed:
        """What the program printed then."""
        told = self._recording.programs.get(" ".join(argv))
        if told is None:
            return Printed(1, "", "not recorded")
        return Printed(0, told if isinstance(told, str) else json.dumps(told), "")

    def nvml(self, files: Files) -> Report | None:
        """What NVML said."""
        text = files.text("nvml.json")
        return None if text is None else msgspec.json.decode(text, type=Report)

    def _is_open(self, mode: str, group: str) -> bool:
        groups = Files(self.root, "groups").text("etc/group") or ""
        numbers = {line.split(":")[0]: int(line.split(":")[2]) for line in groups.splitlines()}
        is_ours = numbers.get(group) in self._recording.gids
        return self._recording.uid == 0 or mode[7:9] == "rw" or (is_ours and mode[4:6] == "rw")
