"""The devices of a unit: what `DeviceAllow=` opens, and the environment that narrows it.

A driver's nodes are opened by the class that it registers, not by path: a node may come later than the unit, and a
directory such as `/dev/dri` is no node. Which cards an engine uses is for its environment to say, as everywhere.

Sources: systemd.resource-control(5) on `DeviceAllow=`; the names in /proc/devices of the drivers `nvidia` (`nvidia`,
`nvidia-frontend`, `nvidiactl`, `nvidia-uvm`, `nvidia-caps`, …), `amdgpu` (`kfd`) and DRM (`drm`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remuda.facts.host import Host
from remuda.facts.names import expand, visibility

NVIDIA = "char-nvidia*"
_AMD = ("char-kfd", "char-drm")
_OURS = re.compile(r"(?P<kind>cuda|rocm)(?P<which>:all|\d+)")
_DRM = "/dev/dri"


@dataclass(frozen=True, slots=True)
class Granted:
    """`allowed` are words of `DeviceAllow=`; `unknown` are selectors that mean nothing to a unit."""

    allowed: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def granted(host: Host, selectors: Sequence[str]) -> Granted:
    """What a unit is given for its selectors; `cpu` alone is nothing."""
    found = {selector: _allowed(selector) for selector in selectors if selector != "cpu"}
    return Granted(
        allowed=tuple(dict.fromkeys(word for words in found.values() for word in words)),
        environment=_narrowed(host, [match for name in found if (match := _OURS.fullmatch(name))]),
        unknown=tuple(selector for selector, words in found.items() if not words),
    )


def _allowed(selector: str) -> tuple[str, ...]:
    if match := _OURS.fullmatch(selector):
        return _AMD if match["kind"] == "rocm" else (NVIDIA,)
    if selector.rstrip("/") == _DRM or selector.startswith(f"{_DRM}/by-path/"):
        return ("char-drm",)
    return (selector,) if selector.startswith("/dev/") else ()


def _narrowed(host: Host, chosen: Sequence[re.Match[str]]) -> dict[str, str]:
    """What shows these cards and no others; all of a kind that nobody has counted need no word."""
    whole = {match["kind"] for match in chosen if match["which"] == ":all"}
    names, _ = expand(host, [match[0] for match in chosen if match["kind"] not in whole or match["which"] == ":all"])
    return visibility(host, names) if chosen else {}
