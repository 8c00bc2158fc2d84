"""Programs of a host that run models or containers, and the engines that are installed, found without running them.

A program that prints its version has been asked to; a Python package never is, since to import an engine may end the
process that does (its metadata tells as much).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Origin = Literal["root", "rootless"]


class Tool(Struct, frozen=True, omit_defaults=True):
    """A program: `version` is None when it did not tell one."""

    name: str
    path: str
    version: str | None = None


class Runtime(Struct, frozen=True, omit_defaults=True):
    """A container engine that answers.

    `runs_as`: who its containers belong to. `cgroups`: the version of control groups that it uses. `oci`: the program
    that starts containers. `cdi_folders`: where it looks for CDI specifications; empty when it knows no CDI.
    `quadlet`: the generator of units from Quadlet files, None without one. `driver`: how images are stored.
    """

    name: str
    version: str
    runs_as: Origin
    cgroups: int | None = None
    cgroup_manager: str | None = None
    oci: str | None = None
    driver: str | None = None
    cdi_folders: tuple[str, ...] = ()
    quadlet: str | None = None


class Image(Struct, frozen=True, omit_defaults=True):
    """A container image that is on the machine."""

    reference: str
    runtime: str
    size_bytes: int
    digest: str | None = None


class CdiDevice(Struct, frozen=True, omit_defaults=True):
    """One name that a CDI specification gives, and the device files behind it."""

    name: str
    nodes: tuple[str, ...] = ()


class Cdi(Struct, frozen=True, omit_defaults=True):
    """A CDI specification.

    `driver` is the version of the NVIDIA libraries that it mounts: stale unless that is the loaded one. `missing` are
    files it mounts that are not there, without which no container starts.
    """

    path: str
    kind: str
    devices: tuple[CdiDevice, ...] = ()
    driver: str | None = None
    missing: tuple[str, ...] = ()


class Extension(Struct, frozen=True, omit_defaults=True):
    """A compiled part of a package, and the shared libraries that it names, by the ELF file's own table."""

    path: str
    needs: tuple[str, ...] = ()


class Package(Struct, frozen=True, omit_defaults=True):
    """An installed Python package, read and not imported.

    `folder` holds it (`…/site-packages`). `local` is the version's part after `+` (`cu129`, `cpu`, `rocm700`).
    `tags` are the wheel's (`cp312-abi3-manylinux_2_35_x86_64`). `requires` are those of its requirements that allow one
    version only.
    """

    name: str
    version: str
    folder: str
    local: str | None = None
    tags: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


class Rocblas(Struct, frozen=True, omit_defaults=True):
    """A copy of rocBLAS, which programs bring along, and the gfx targets that it carries kernels for."""

    folder: str
    targets: tuple[str, ...]


class Software(Struct, frozen=True, omit_defaults=True):
    """All of it."""

    tools: tuple[Tool, ...] = ()
    runtimes: tuple[Runtime, ...] = ()
    images: tuple[Image, ...] = ()
    cdi: tuple[Cdi, ...] = ()
    packages: tuple[Package, ...] = ()
    rocblas: tuple[Rocblas, ...] = ()

    def tool(self, name: str) -> Tool | None:
        """The program of this name."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def runtime(self, name: str) -> Runtime | None:
        """The container engine of this name."""
        return next((runtime for runtime in self.runtimes if runtime.name == name), None)
