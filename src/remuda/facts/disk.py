"""The file systems of a host, where weights and images go."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_NO_HARD_LINKS: Final = frozenset({"vfat", "exfat", "msdos", "fuse.sshfs", "9p", "ntfs"})


class Disk(Struct, frozen=True, omit_defaults=True):
    """A mounted file system. `source` is what is mounted (`/dev/nvme0n1p2`), `type` the kernel's word for its kind.

    Sizes are None when it did not answer; `free_bytes` is what somebody who is not root can have of it.
    """

    mount: str
    type: str
    source: str
    total_bytes: int | None = None
    free_bytes: int | None = None
    is_read_only: bool = False

    @property
    def has_hard_links(self) -> bool:
        """Whether one file can have two names there, as caches of models like to do."""
        return self.type not in _NO_HARD_LINKS


def disk_of(disks: tuple[Disk, ...], path: str) -> Disk | None:
    """The file system that holds a path."""
    holding = [disk for disk in disks if f"{path}/".startswith(disk.mount.rstrip("/") + "/")]
    return max(holding, key=lambda disk: len(disk.mount), default=None)
