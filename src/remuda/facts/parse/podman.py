"""What `podman info --format json` and `podman images --format json` say (podman's `libpod/define/info.go`)."""

from __future__ import annotations

import json
from typing import Any, Final

from remuda.facts.software import Image, Runtime

_CDI_SINCE: Final = (4, 1)
_CDI_FOLDERS: Final = ("/etc/cdi", "/var/run/cdi")


def runtime(info: str, quadlet: str | None) -> Runtime:
    """Podman as this user has it. `quadlet` is its generator of units. Raises ValueError, KeyError."""
    told = json.loads(info)
    host, version = told["host"], told["version"]["Version"]
    numbers = tuple(int(word) for word in version.split(".")[:2])
    return Runtime(
        name="podman",
        version=version,
        runs_as="rootless" if host["security"]["rootless"] else "root",
        cgroups=int(host["cgroupVersion"].removeprefix("v")),
        cgroup_manager=host.get("cgroupManager"),
        oci=host.get("ociRuntime", {}).get("name"),
        driver=told.get("store", {}).get("graphDriverName"),
        cdi_folders=_CDI_FOLDERS if numbers >= _CDI_SINCE else (),
        quadlet=quadlet,
    )


def images(listing: str) -> tuple[Image, ...]:
    """The images that have a name. Raises ValueError, KeyError."""
    rows: list[dict[str, Any]] = json.loads(listing)
    return tuple(
        Image(name, "podman", row["Size"], row.get("Digest")) for row in rows for name in row.get("Names") or ()
    )
