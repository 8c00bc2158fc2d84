"""The files of amdgpu and kfd under a directory that stands for `/`."""

from __future__ import annotations

from pathlib import Path

GIB = 1024**3
MIB = 1024**2

# A Radeon Instinct MI50 (gfx906) and the GPU of a Ryzen AI Max (gfx1151), as kfd_topology.c writes them, shortened.
MI50 = """\
cpu_cores_count 0
simd_count 240
mem_banks_count 1
gfx_target_version 90006
vendor_id 4098
device_id 26273
location_id 768
domain 0
drm_render_minor 128
unique_id 2459178430246583862
"""
STRIX_HALO = """\
cpu_cores_count 0
simd_count 80
gfx_target_version 110501
location_id 50432
domain 0
drm_render_minor 128
unique_id 0
"""
CPU = "cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\nlocation_id 0\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def add_node(root: Path, number: int, gpu_id: int, properties: str) -> None:
    folder = root / f"sys/class/kfd/kfd/topology/nodes/{number}"
    write(folder / "gpu_id", f"{gpu_id}\n")
    write(folder / "properties", properties)


def set_pool(root: Path, address: str, name: str, total_bytes: int, used_bytes: int) -> None:
    folder = root / "sys/bus/pci/devices" / address
    write(folder / f"mem_info_{name}_total", f"{total_bytes}\n")
    write(folder / f"mem_info_{name}_used", f"{used_bytes}\n")


def compute(root: Path, pid: int, gpu_id: int, size_bytes: int) -> None:
    write(root / f"sys/class/kfd/kfd/proc/{pid}/vram_{gpu_id}", f"{size_bytes}\n")


def open_file(root: Path, pid: int, number: int, target: str, fdinfo: str) -> None:
    write(root / f"proc/{pid}/fdinfo/{number}", fdinfo)
    link = root / f"proc/{pid}/fd/{number}"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def machine(root: Path) -> Path:
    """One CPU and one MI50 of 32 GiB, of which the driver has 20 MiB."""
    add_node(root, 0, 0, CPU)
    add_node(root, 1, 4711, MI50)
    set_pool(root, "0000:03:00.0", "vram", 32 * GIB, 20 * MIB)
    return root
