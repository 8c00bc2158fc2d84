"""What `docker info` and `docker images` say, both with `--format '{{json .}}'` (moby's `api/types/system/info.go`)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from remuda.errors import ProbeError
from remuda.facts.software import Image, Runtime

_UNITS: Final = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_NONE: Final = "<none>"


def runtime(info: str) -> Runtime:
    """The daemon that answers. Raises ProbeError when none does, with what the client says of it."""
    told: dict[str, Any] = json.loads(info)
    if told.get("ServerErrors"):
        raise ProbeError(f"docker does not answer: {told['ServerErrors'][0]}")
    return Runtime(
        name="docker",
        version=told["ServerVersion"],
        runs_as="rootless" if "name=rootless" in (told.get("SecurityOptions") or ()) else "root",
        cgroups=int(told.get("CgroupVersion") or 1),
        cgroup_manager=told.get("CgroupDriver"),
        oci=told.get("DefaultRuntime"),
        driver=told.get("Driver"),
        cdi_folders=tuple(told.get("CDISpecDirs") or ()),
    )


def images(listing: str) -> tuple[Image, ...]:
    """The images that have a name; sizes are rounded, as docker prints them. Raises ValueError, KeyError."""
    rows = [json.loads(line) for line in listing.splitlines() if line.strip()]
    return tuple(
        Image(f"{row['Repository']}:{row['Tag']}", "docker", _size_bytes(row["Size"]), _known(row.get("Digest")))
        for row in rows
        if row["Repository"] != _NONE and row["Tag"] != _NONE
    )


def _size_bytes(text: str) -> int:
    match = re.fullmatch(r"([\d.]+) ?([kKMGT]?B)", text)
    if match is None:
        raise ValueError(f"`{text}` is no size")
    return round(float(match[1]) * _UNITS[match[2].upper()])


def _known(digest: str | None) -> str | None:
    return None if digest == _NONE else digest
