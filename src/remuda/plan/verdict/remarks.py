"""What of a host is in the way of any engine: drivers that do not answer, files that may not be opened, stale CDI."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.facts.device import Device
from remuda.facts.host import Host

_SUBORDINATE_IDS = 65_536


def remarks(host: Host) -> Iterator[str]:
    """One sentence for each, with what to do."""
    for finding in host.findings:
        yield f"{finding.message} ({finding.source}: {finding.kind})"
    yield from (_idle(host, gpu) for gpu in host.idle_gpus)
    yield from _drivers(host)
    yield from _permissions(host)
    yield from _specifications(host)


def _idle(host: Host, gpu: Device) -> str:
    what = f"no compute driver answers for {gpu.title} at {gpu.address}"
    bound = gpu.pci.driver if gpu.pci else None
    if bound == "amdgpu" and not any(node.path == "/dev/kfd" for node in host.nodes):
        where = "this container" if host.system.surroundings == "container" else "this machine"
        return f"{what}: {where} has no /dev/kfd; pass it to the container, or load amdgpu with compute"
    if bound in {"nouveau", None}:
        return f"{what}: its kernel driver is {bound or 'not loaded'}; install the vendor's"
    return f"{what}, only the kernel driver {bound}"


def _drivers(host: Host) -> Iterator[str]:
    loaded, library = host.system.drivers.nvidia, host.system.drivers.nvml
    if loaded and library and loaded != library:
        yield f"the loaded NVIDIA driver is {loaded}, its library is {library}; reboot, or reload the modules"


def _permissions(host: Host) -> Iterator[str]:
    needed = (*(("/dev/kfd", "/dev/dri/render") if host.of_kind("rocm") else ()), "/dev/nvidia")
    closed = [node for node in host.nodes if not node.is_open and node.path.startswith(needed)]
    groups = sorted({node.group for node in closed})
    if closed:
        paths = ", ".join(node.path for node in closed)
        yield f"you may not open {paths}; join {' and '.join(groups)}"
    podman, user = host.software.runtime("podman"), host.user
    is_rootless = podman is not None and podman.runs_as == "rootless"
    if is_rootless and user and user.uid > 0 and min(user.subuids, user.subgids) < _SUBORDINATE_IDS:
        yield f"rootless podman needs {_SUBORDINATE_IDS} subordinate ids; add them to /etc/subuid and /etc/subgid"


def _specifications(host: Host) -> Iterator[str]:
    loaded = host.system.drivers.nvidia
    for cdi in host.software.cdi:
        if cdi.driver and loaded and cdi.driver != loaded:
            yield f"{cdi.path} is of driver {cdi.driver}, {loaded} is loaded; run `nvidia-ctk cdi generate`"
        elif cdi.missing:
            yield f"{cdi.path} mounts what is not there ({cdi.missing[0]}); run `nvidia-ctk cdi generate`"
