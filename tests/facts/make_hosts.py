"""Writes recorded hosts out of `host_table.py`: `python -m tests.facts.make_hosts` from the root of the checkout.

A real recording is a folder beside these, with the same `machine.json` and `nvml.json` (see
`src/remuda/edge/probes/recorded.py`). The `expected.json` of each is what `probe_host` reads out of it, looked through
by a person.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.facts.host_table import GIB, MI300X, MIB, STRIX_HALO, TABLE, Amd, Host, Nvidia, Processor

HOSTS = Path(__file__).parent / "hosts"
SOURCE = "built field by field from documented formats, see tests/facts/host_table.py; not a recording"


@dataclass(frozen=True)
class Function:
    """A device of the PCI bus; `window` is its largest memory window."""

    identity: str
    subsystem: str
    driver: str
    window: int
    code: str = "30000"


ARC = Function("8086:56A0", "8086:1020", "i915", 16 * GIB)
DISPLAY_CHIP = Function("1A03:2000", "1A03:2000", "ast", 16 * MIB)


def main() -> None:
    for host in TABLE:
        folder = HOSTS / host.name
        for path, text in files(host).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def files(host: Host) -> dict[str, str]:
    """Every file of a host's folder."""
    made = {
        "machine.json": json.dumps(machine(host), indent=1) + "\n",
        "proc/cpuinfo": cpuinfo(host.cpu),
        "proc/meminfo": meminfo(host.memory_gib),
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": MOUNTS,
        "proc/sys/kernel/osrelease": f"{host.kernel}\n",
        "etc/os-release": f'NAME="Linux"\nPRETTY_NAME="{host.distribution}"\n',
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndas:x:1000:1000::/home/das:/bin/bash\n",
        "etc/group": f"root:x:0:\n{host.groups}",
        "sys/devices/system/node/node0/cpulist": f"0-{host.cpu.threads - 1}\n",
        "sys/devices/system/node/node0/meminfo": f"Node 0 MemTotal:       {host.memory_gib * GIB // 1024} kB\n",
    }
    if host.name == "arc-a770":
        made |= pci_function("03:00.0", ARC, 0)
    if host.name in ("cpu-avx512", "no-gpu-old-cpu"):
        made |= pci_function("06:00.0", DISPLAY_CHIP, 0)
    for number, (address, card) in enumerate(host.nvidia):
        made |= nvidia_files(host, number, address, card)
    if host.nvidia:
        made["nvml.json"] = json.dumps(nvml(host), indent=1) + "\n"
        made["proc/driver/nvidia/version"] = nvidia_version(host)
    for number, (address, amd) in enumerate(host.amd):
        made |= amd_files(host, number, address, amd)
    if host.amd:
        made["usr/share/hwdata/pci.ids"] = pci_ids(card for _, card in host.amd)
        made |= kfd_node(0, 0, "cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\nlocation_id 0\n")
    return {**made, **host.more}


MOUNTS = """\
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
24 22 0:22 / /sys rw,nosuid - sysfs sysfs rw
25 22 0:5 / /dev rw,nosuid - devtmpfs udev rw
26 22 259:1 / /boot/efi rw,relatime - vfat /dev/nvme0n1p1 rw
27 22 0:40 / /mnt/big\\040models ro,relatime shared:7 - nfs4 nas:/models rw,vers=4.2
"""


def machine(host: Host) -> dict[str, Any]:
    nodes = {}
    if host.amd and host.has_kfd:
        nodes["/dev/kfd"] = "crw-rw---- root render"
    for number in range(len(host.nvidia) + len(host.amd)) if host.has_kfd else ():
        nodes[f"/dev/dri/card{number}"] = "crw-rw---- root video"
        nodes[f"/dev/dri/renderD{128 + number}"] = "crw-rw---- root render"
    for number in range(len(host.nvidia)):
        nodes[f"/dev/nvidia{number}"] = "crw-rw-rw- root root"
    if host.nvidia:
        nodes |= dict.fromkeys(("/dev/nvidiactl", "/dev/nvidia-uvm"), "crw-rw-rw- root root")
    space = {"/": [2 * 10**12, 10**12], "/boot/efi": [5 * 10**8, 4 * 10**8], "/mnt/big models": [8 * 10**12, 10**12]}
    if host.name == "no-gpu-old-cpu":
        del space["/mnt/big models"]  # as if it did not answer
    search = {"search_path": ["/run/current-system/sw/bin"]} if "NixOS" in host.distribution else {}
    return {
        "source": SOURCE,
        "architecture": host.cpu.architecture,
        "gids": host.gids,
        "nodes": nodes,
        "space": space,
        "programs": host.programs,
        **search,
    }


def cpuinfo(cpu: Processor) -> str:
    if cpu.architecture == "aarch64":
        thread = "processor\t: {0}\nFeatures\t: {1}\nCPU implementer\t: 0x41\nCPU part\t: 0xd85\n"
    else:
        thread = (
            f"processor\t: {{0}}\nmodel name\t: {cpu.title}\nphysical id\t: 0\ncore id\t\t: {{2}}\n"
            f"cpu cores\t: {cpu.cores}\nflags\t\t: {{1}}\n"
        )
    return "\n".join(thread.format(number, cpu.flags, number % cpu.cores) for number in range(cpu.threads))


def meminfo(memory_gib: int) -> str:
    kib = memory_gib * GIB // 1024
    return f"MemTotal:       {kib} kB\nMemFree:        {kib // 2} kB\nMemAvailable:   {kib * 9 // 10} kB\n"


def pci_function(address: str, function: Function, drm: int) -> dict[str, str]:
    folder = f"sys/bus/pci/devices/{long(address)}"
    base = 0x38_0000_0000
    return {
        f"{folder}/uevent": (
            f"DRIVER={function.driver}\nPCI_CLASS={function.code}\nPCI_ID={function.identity}\n"
            f"PCI_SUBSYS_ID={function.subsystem}\nPCI_SLOT_NAME={long(address)}\n"
        ),
        f"{folder}/resource": (
            "0x00000000fb000000 0x00000000fbffffff 0x0000000000040200\n"
            f"{base:#018x} {base + function.window - 1:#018x} 0x000000000014220c\n"
            "0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
        ),
        f"{folder}/numa_node": "-1\n",
        f"{folder}/current_link_width": "16\n",
        f"{folder}/current_link_speed": "16.0 GT/s PCIe\n",
        f"{folder}/drm/card{drm}/card{drm}-DP-1/status": "disconnected\n",
        f"{folder}/drm/renderD{128 + drm}/dev": f"226:{128 + drm}\n",
    }


def long(address: str) -> str:
    return address if address.count(":") > 1 else f"0000:{address}"


def nvidia_files(host: Host, number: int, address: str, card: Nvidia) -> dict[str, str]:
    folder = f"proc/driver/nvidia/gpus/{long(address)}"
    window = 256 * MIB if card.memory_mib is None else 1 << ((card.memory_mib - 1).bit_length() + 20)
    return {
        **pci_function(address, Function(f"10DE:{card.device}", "10DE:1467", "nvidia", window), number),
        f"{folder}/information": (
            f"Model: \t\t {card.title}\nIRQ:   \t\t {140 + number}\nGPU UUID: \t {uuid(host, number)}\n"
            f"Bus Type: \t PCIe\nBus Location: \t {long(address)}\nDevice Minor: \t {number}\n"
        ),
    }


def uuid(host: Host, number: int) -> str:
    digits = f"{sum(host.name.encode()) * 7919:08x}"[-8:]
    return f"GPU-{digits}-{number:04x}-4c1e-9a3b-5d0f7e2b6c18"


def nvidia_version(host: Host) -> str:
    version = host.driver[0]
    if int(version.split(".")[0]) >= 560:
        return f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {version}  Release Build  (dvs-builder)\n"
    return f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Sun May 12 19:39:15 UTC 2024\n"


def nvml(host: Host) -> dict[str, Any]:
    driver, cuda = host.driver
    return {"driver": driver, "cuda": cuda, "gpus": [nvml_gpu(host, number) for number in range(len(host.nvidia))]}


def nvml_gpu(host: Host, number: int) -> dict[str, Any]:
    address, card = host.nvidia[number]
    used = 450 if host.has_display else 20
    memory = card.memory_mib and {"total": card.memory_mib * MIB, "free": (card.memory_mib - used) * MIB}
    others = [bus_id(other) for other, _ in host.nvidia if other != address]
    peer = {"topology": 20 if host.nvlinks else 30, "is_p2p": bool(host.nvlinks)}
    return {
        "index": number,
        "name": card.title,
        "uuid": uuid(host, number),
        "bus_id": bus_id(address),
        "minor": number,
        "capability": card.capability,
        "memory": memory,
        "cores": card.cores,
        "clock_mhz": card.clock_mhz,
        "is_ecc": card.is_ecc,
        "is_mig": card.is_mig,
        "has_display": host.has_display,
        "processes": [{"pid": 2101, "used": 300 * MIB, "command": "Xorg"}] if host.has_display else [],
        "nvlinks": others * host.nvlinks,
        "peers": [{"bus_id": other, **peer} for other in others],
    }


def bus_id(address: str) -> str:
    return f"0000{long(address)}".upper()


def amd_files(host: Host, number: int, address: str, card: Amd) -> dict[str, str]:
    bus, device, function = (int(part, 16) for part in address.replace(".", ":").split(":"))
    is_unified = card.target == STRIX_HALO.target
    gtt = host.memory_gib * GIB * 3 // 4 if is_unified else card.gtt
    folder = f"sys/bus/pci/devices/{long(address)}"
    code = "120000" if card.is_accelerator else "30000"
    pools = {"vram": (card.vram, 24 * MIB), "gtt": (gtt, 16 * MIB)}
    properties = (
        f"cpu_cores_count 0\nsimd_count 240\ngfx_target_version {card.target}\nvendor_id 4098\n"
        f"device_id {int(card.device, 16)}\nlocation_id {bus << 8 | device << 3 | function}\ndomain 0\n"
        f"drm_render_minor {128 + number}\nunique_id {card.unique_id + number if card.unique_id else 0}\n"
    )
    made = pci_function(address, Function(f"1002:{card.device}", "1002:0834", "amdgpu", card.vram, code), number)
    for pool, sizes in pools.items():
        for what, size in zip(("total", "used"), sizes, strict=True):
            made[f"{folder}/mem_info_{pool}_{what}"] = f"{size}\n"
    if host.has_display and number == 1:
        made[f"{folder}/drm/card1/card1-DP-1/status"] = "connected\n"
    made |= kfd_node(number + 1, 4711 + number, properties)
    if card is MI300X:
        for other in range(len(host.amd)):
            if other != number:
                link = f"type 11\nversion_major 0\nnode_from {number + 1}\nnode_to {other + 1}\nweight 15\n"
                made[f"{NODES}/{number + 1}/io_links/{other + 1}/properties"] = link
    return made


NODES = "sys/class/kfd/kfd/topology/nodes"


def kfd_node(number: int, gpu_id: int, properties: str) -> dict[str, str]:
    return {f"{NODES}/{number}/gpu_id": f"{gpu_id}\n", f"{NODES}/{number}/properties": properties}


def pci_ids(cards: Iterable[Amd]) -> str:
    lines = (f"\t{card.device.lower()}  {card.title}" for card in sorted(set(cards), key=lambda card: card.device))
    return "\n".join(["# Shortened", "1002  Advanced Micro Devices, Inc. [AMD/ATI]", *lines, "1003  ULSI Systems", ""])


if __name__ == "__main__":
    for old in HOSTS.glob("*/machine.json"):
        if SOURCE in old.read_text():
            expected = old.parent / "expected.json"
            kept = expected.read_text() if expected.exists() else None
            shutil.rmtree(old.parent)
            if kept is not None:
                expected.parent.mkdir()
                expected.write_text(kept)
    main()
