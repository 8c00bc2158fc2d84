"""The devices of a container as podman's Quadlet writes them.

CDI names (`nvidia.com/gpu=0`, `amd.com/gpu=all`) and device nodes pass as they are. Ours are translated: `cudaN` counts
in PCI order, as NVML and the names that `nvidia-ctk cdi generate` gives do, so the number is the same; where the GPU is
known, its UUID says it better, and any other of its names stands for it. AMD's nodes are given whole, and the
environment shows the container some of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from remuda.facts.host import Host
from remuda.facts.names import expand, visibility

_OURS = re.compile(r"(?P<kind>cuda|rocm)(?::(?P<all>all)|\d+)")
_PODMANS = re.compile(r"/.*|[\w.-]+/[\w.-]+=[\w.:-]+", re.ASCII)
"""A device node, or a CDI name."""
_KFD = ("/dev/kfd", "/dev/dri")
_UDEV = ("render", "video")
_ROCM = "ROCR_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class Devices:
    """`entries` of `AddDevice=`; `environment` that narrows them; `groups`: whose members may open them.

    `unknown` are selectors that mean nothing here.
    """

    entries: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def devices(host: Host, selectors: Sequence[str]) -> Devices:
    """What a container is given for its selectors."""
    known = [_ours(host, selector) for selector in selectors if selector != "cpu"]
    entries = tuple(dict.fromkeys(entry for selector in known for entry in _entries(host, selector)))
    rocm = [selector for selector in known if re.fullmatch(r"rocm\d+", selector)]
    narrows = bool(rocm) and "rocm:all" not in known
    return Devices(
        entries=entries,
        environment={_ROCM: visibility(host, rocm)[_ROCM]} if narrows else {},
        groups=_groups(host, [entry for entry in entries if entry.startswith("/dev/")]),
        unknown=tuple(selector for selector in known if not any(_entries(host, selector))),
    )


def _groups(host: Host, files: Sequence[str]) -> tuple[str, ...]:
    """The groups that device files are opened by: those of the host's, and where none is known, what udev makes.

    Never root's, of which a user of models is not to be a member.
    """
    nodes = [node for node in host.nodes if any(f"{node.path}/".startswith(f"{file}/") for file in files)]
    if nodes:
        return tuple(sorted({node.group for node in nodes if node.mode[7:9] != "rw"} - {"root"}))
    return _UDEV if files else ()


def _ours(host: Host, selector: str) -> str:
    """Our name for a device that the host knows by another; what podman knows itself stays as it is."""
    if _PODMANS.fullmatch(selector) or _OURS.fullmatch(selector):
        return selector
    names, _ = expand(host, (selector,))
    return names[0] if names else selector


def _entries(host: Host, selector: str) -> Iterator[str]:
    if _PODMANS.fullmatch(selector):
        yield selector
    elif match := _OURS.fullmatch(selector):
        if match["kind"] == "rocm":
            yield from _KFD
        else:
            yield f"nvidia.com/gpu={_cdi(host, selector)}"


def _cdi(host: Host, selector: str) -> str:
    return "all" if selector.endswith(":all") else visibility(host, [selector])["CUDA_VISIBLE_DEVICES"]
