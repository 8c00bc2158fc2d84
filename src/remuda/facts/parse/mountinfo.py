"""Mounted file systems, from `/proc/self/mountinfo` (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re
from typing import Final

from remuda.facts.disk import Disk

_NOT_STORAGE: Final = re.compile(
    r"autofs|bdev|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse\.(gvfsd-fuse|lxcfs|portal)"
    r"|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs"
    r"|tmpfs|tracefs"
)
_SINGLE_FILES: Final = ("/etc/", "/proc/", "/sys/", "/dev/")


def disks(mountinfo: str) -> tuple[Disk, ...]:
    """What files are kept on: the root whatever it is, and every mount that is not the kernel's own, once a mount."""
    found: dict[str, Disk] = {}
    for line in mountinfo.splitlines():
        disk = _disk(line)
        if disk.mount == "/" or not (_NOT_STORAGE.fullmatch(disk.type) or disk.mount.startswith(_SINGLE_FILES)):
            found[disk.mount] = disk  # a later mount hides an earlier one at the same place
    return tuple(found.values())


def _disk(line: str) -> Disk:
    """Fields of a number that varies end at a hyphen, after which come type, source and options."""
    before, _, after = line.partition(" - ")
    _, _, _, _, mount, options, *_ = before.split(" ")
    kind, source, *_ = after.split(" ")
    return Disk(_plain(mount), kind, _plain(source), is_read_only="ro" in options.split(","))


def _plain(field: str) -> str:
    r"""A space is written as `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
