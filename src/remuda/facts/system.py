"""The operating system of a host, who is asking, and which device files that user may open."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Shell = Literal["none", "container", "wsl"]


class Drivers(Struct, frozen=True, omit_defaults=True):
    """Versions of the GPU drivers that the kernel has loaded.

    `nvidia` is the kernel module's, `nvml` that of its library in this file system, which has to be the same.
    `cuda` is the newest CUDA that the driver can run (`12.9`). `is_open`: the open kernel modules of NVIDIA, which
    Blackwell needs. `amdgpu` is None for the driver that comes with the kernel, whose version is the kernel's.
    """

    nvidia: str | None = None
    nvml: str | None = None
    cuda: str | None = None
    is_open: bool | None = None
    amdgpu: str | None = None
    rocm: str | None = None


class System(Struct, frozen=True, omit_defaults=True):
    """What runs on the machine.

    `surroundings`: whether this is a container or the Linux of Windows. `cgroups` is the version of control groups.
    `memory_limit_bytes` is what they allow this process, None without a limit. `has_systemd`: it is running.
    """

    kernel: str | None = None
    distribution: str | None = None
    libc: str | None = None
    surroundings: Shell = "none"
    cgroups: int | None = None
    memory_limit_bytes: int | None = None
    has_systemd: bool = False
    drivers: Drivers = Drivers()


class User(Struct, frozen=True, omit_defaults=True):
    """Who asks. `subuids` and `subgids` count the subordinate ids, which rootless containers need 65536 of.

    `lingers`: their services run while they are not logged in; None when there is no systemd.
    """

    uid: int
    name: str
    groups: tuple[str, ...] = ()
    subuids: int = 0
    subgids: int = 0
    lingers: bool | None = None


class Node(Struct, frozen=True, omit_defaults=True):
    """A device file. `mode` is as `ls` shows it (`crw-rw----`); `is_open` says whether the asking user may use it."""

    path: str
    mode: str
    owner: str
    group: str
    is_open: bool
