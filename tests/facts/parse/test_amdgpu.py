import pytest

from remuda.facts.parse.amdgpu import Client, Node, client, node, xgmi_end
from tests.edge.probes.fake_sysfs import CPU, MI50, STRIX_HALO

# Linux 6.14 on: the standard keys, beside the older ones.
NEW = """\
drm-driver:	amdgpu
drm-client-id:	12
drm-pdev:	0000:65:00.0
drm-total-vram:	286604 KiB
drm-shared-vram:	19808 KiB
drm-resident-vram:	286600 KiB
drm-resident-gtt:	2 MiB
drm-memory-vram:	286604 KiB
"""
OLD = """\
pos:	0
drm-driver:	amdgpu
drm-client-id:	12
drm-pdev:	0000:65:00.0
drm-memory-vram:	1024 KiB
drm-memory-gtt: 	2048 KiB
drm-engine-gfx:	1000000000 ns
"""


def test_a_gpu_is_known_by_its_address_and_its_own_number() -> None:
    found = node("4711\n", MI50)
    assert found == Node(4711, "0000:03:00.0", "gfx906", 2459178430246583862)
    assert found.uuid == "GPU-2220c1c0c6267e36"


def test_a_gpu_of_a_processor_shares_the_machines_memory_and_has_no_uuid() -> None:
    found = node("1", STRIX_HALO)
    assert found == Node(1, "0000:c5:00.0", "gfx1151", is_unified=True)
    assert found.uuid is None


@pytest.mark.parametrize(("version", "gfx"), [(90010, "gfx90a"), (90012, "gfx90c"), (100302, "gfx1032")])
def test_processors_are_named_as_compilers_name_them(version: int, gfx: str) -> None:
    found = node("1", MI50.replace("90006", str(version)))
    assert found
    assert found.gfx == gfx


def test_a_cpu_is_no_gpu() -> None:
    assert node("0", CPU) is None


@pytest.mark.parametrize("properties", ["", "gfx_target_version\n", "gfx_target_version ninety\n"])
def test_a_node_that_tells_nothing_is_an_error(properties: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        node("1", properties)


def test_sizes_of_a_client_in_old_and_new_kernels() -> None:
    assert client(OLD) == Client("0000:65:00.0", "12", 1024 * 1024, 2048 * 1024)
    assert client(NEW) == Client("0000:65:00.0", "12", 286600 * 1024, 2 * 1024**2)


@pytest.mark.parametrize("fdinfo", ["pos:\t0\n", OLD.replace("amdgpu", "i915"), "drm-driver:\tamdgpu\n"])
def test_other_files_are_no_clients(fdinfo: str) -> None:
    assert client(fdinfo) is None


@pytest.mark.parametrize(("kind", "end"), [(11, 3), (2, None)])
def test_a_direct_link_leads_to_another_node(kind: int, end: int | None) -> None:
    assert xgmi_end(f"type {kind}\nversion_major 0\nnode_from 2\nnode_to 3\n") == end
