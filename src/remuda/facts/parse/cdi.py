"""Specifications of the Container Device Interface (CNCF's `container-device-interface/SPEC.md`).

`nvidia-ctk cdi generate` writes one down once, with the versions of the libraries in their file names: after an update
of the driver it mounts files that are gone. The document comes here as plain values, whether it was YAML or JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from remuda.facts.software import Cdi, CdiDevice

_LIBRARY: Final = re.compile(r"/lib(?:cuda|nvidia-ml|nvidia-ptxjitcompiler)\.so\.(\d+(?:\.\d+){1,2})")


def specification(path: str, document: Any) -> Cdi:
    """What a specification says. Raises KeyError, TypeError when it is none."""
    versions = {match[1] for file in mounted(document) if (match := _LIBRARY.search(file))}
    return Cdi(
        path=path,
        kind=document["kind"],
        devices=tuple(CdiDevice(str(device["name"]), tuple(_nodes(device))) for device in document["devices"]),
        driver=max(versions, default=None),
    )


def mounted(document: Any) -> tuple[str, ...]:
    """The files of the host that a container gets to see."""
    everywhere = [document, *document["devices"]]
    mounts = (mount for part in everywhere for mount in _edits(part).get("mounts") or ())
    return tuple(dict.fromkeys(str(mount["hostPath"]) for mount in mounts))


def _nodes(device: Any) -> Iterator[str]:
    for node in _edits(device).get("deviceNodes") or ():
        yield str(node.get("hostPath") or node["path"])


def _edits(part: Any) -> dict[str, Any]:
    edits: dict[str, Any] = part.get("containerEdits") or {}
    return edits
