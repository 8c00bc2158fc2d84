import pytest

from remuda.facts.parse.cdi import mounted, specification
from remuda.facts.software import Cdi, CdiDevice
from tests.facts.host_table import cdi


def test_a_name_stands_for_device_files_and_libraries_tell_the_driver() -> None:
    document = cdi("570.86.15", {"0": "/dev/nvidia1 /dev/dri/card1", "all": "/dev/nvidia1"})
    found = specification("/etc/cdi/nvidia.yaml", document)
    devices = (CdiDevice("0", ("/dev/nvidia1", "/dev/dri/card1")), CdiDevice("all", ("/dev/nvidia1",)))
    assert found == Cdi("/etc/cdi/nvidia.yaml", "nvidia.com/gpu", devices, "570.86.15")
    assert mounted(document) == ("/usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15",)


def test_a_specification_needs_neither_mounts_nor_edits() -> None:
    node = {"path": "/dev/kfd", "hostPath": "/dev/other"}
    document = {
        "kind": "amd.com/gpu",
        "devices": [{"name": 0}, {"name": "1", "containerEdits": {"deviceNodes": [node]}}],
    }
    found = specification("/etc/cdi/amd.json", document)
    assert found.devices == (CdiDevice("0"), CdiDevice("1", ("/dev/other",)))
    assert found.driver is None


@pytest.mark.parametrize("document", [{}, {"kind": "a/b"}, None, []])
def test_anything_else_is_refused(document: object) -> None:
    with pytest.raises((KeyError, TypeError)):
        specification("/etc/cdi/x.json", document)
