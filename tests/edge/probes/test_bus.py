from pathlib import Path

from remuda.edge.probes.bus import cards, compute, drivers, nvidia_cards, xgmi
from remuda.edge.probes.limits import Files
from remuda.facts.device import Tenant
from tests.edge.probes.fake_sysfs import GIB, MI50, MIB, add_node, machine, set_pool, write
from tests.edge.probes.fake_sysfs import compute as add_compute

UEVENT = "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:66A1\nPCI_SUBSYS_ID=1002:0834\n"
FOLDER = "sys/bus/pci/devices/0000:03:00.0"


def test_a_card_is_named_by_itself_before_any_list(tmp_path: Path) -> None:
    write(tmp_path / FOLDER / "uevent", UEVENT)
    write(tmp_path / "usr/share/misc/pci.ids", "1002  AMD\n\t66a1  Vega 20\n")
    (listed,) = cards(Files(tmp_path, "bus"))
    write(tmp_path / FOLDER / "product_name", "AMD Instinct MI50\n")
    (named,) = cards(Files(tmp_path, "bus"))
    assert (listed.title, named.title) == ("Vega 20", "AMD Instinct MI50")
    assert (listed.card, listed.render, listed.has_display, listed.pci.numa_node) == (None, None, None, None)


def test_a_monitor_at_any_connector_counts(tmp_path: Path) -> None:
    write(tmp_path / FOLDER / "uevent", UEVENT)
    write(tmp_path / FOLDER / "numa_node", "1\n")
    write(tmp_path / FOLDER / "drm/renderD129/dev", "226:129\n")
    write(tmp_path / FOLDER / "drm/card1/card1-DP-1/status", "disconnected\n")
    write(tmp_path / FOLDER / "drm/card1/card1-HDMI-A-1/status", "connected\n")
    (found,) = cards(Files(tmp_path, "bus"))
    assert (found.card, found.render, found.has_display, found.pci.numa_node) == ("card1", "renderD129", True, 1)


def test_direct_links_lead_to_other_gpus_only(tmp_path: Path) -> None:
    root = machine(tmp_path)
    add_node(root, 2, 815, MI50.replace("location_id 768", "location_id 1280"))
    set_pool(root, "0000:05:00.0", "vram", 16 * GIB, MIB)
    nodes = root / "sys/class/kfd/kfd/topology/nodes"
    write(nodes / "1/io_links/0/properties", "type 2\nnode_from 1\nnode_to 0\n")
    write(nodes / "1/io_links/1/properties", "type 11\nnode_from 1\nnode_to 2\n")
    (nodes / "2/io_links/0").mkdir(parents=True)  # refused to a container
    assert xgmi(Files(root, "kfd")) == {"0000:03:00.0": ("0000:05:00.0",), "0000:05:00.0": ()}
    first, second = compute(Files(root, "kfd"))
    assert (first.index, first.memory.total_bytes) == (0, 32 * GIB)
    assert (second.index, second.memory.total_bytes) == (1, 16 * GIB)


def test_processes_that_compute_have_names(tmp_path: Path) -> None:
    add_compute(machine(tmp_path), 42, 4711, GIB)
    write(tmp_path / "proc/42/comm", "ollama\n")
    (found,) = compute(Files(tmp_path, "kfd"))
    assert found.tenants == (Tenant(42, GIB, "ollama"),)


def test_a_gpu_whose_memory_is_not_told_is_a_finding_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    root = machine(tmp_path)
    add_node(root, 2, 815, MI50.replace("location_id 768", "location_id 1280"))
    set_pool(root, "0000:05:00.0", "vram", 16 * GIB, MIB)
    (root / FOLDER / "mem_info_vram_used").unlink()
    files = Files(root, "kfd")
    (found,) = compute(files)
    assert found.index == 1
    assert files.findings[0].message.startswith("cannot tell how much memory the AMD GPU at 0000:03:00.0 has")


def test_drivers_say_their_versions_in_files(tmp_path: Path) -> None:
    write(tmp_path / "sys/module/amdgpu/version", "6.10.5\n")
    write(tmp_path / "opt/rocm/.info/version", "6.3.3-74\n")
    found = drivers(Files(tmp_path, "drivers"))
    assert (found.nvidia, found.is_open, found.amdgpu, found.rocm) == (None, None, "6.10.5", "6.3.3-74")


def test_cards_of_nvidias_module_are_read_without_a_library(tmp_path: Path) -> None:
    information = "Model: T4\nGPU UUID: GPU-a\nBus Location: 0000:01:00.0\nDevice Minor: 0\n"
    write(tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0/information", information)
    (found,) = nvidia_cards(Files(tmp_path, "module"))
    assert (found.title, found.uuid, found.minor) == ("T4", "GPU-a", 0)
