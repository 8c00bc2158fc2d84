from msgspec.structs import replace

from remuda.facts.finding import Finding
from remuda.facts.host import Host
from remuda.facts.software import Runtime, Software
from remuda.facts.system import Drivers, System, User
from remuda.plan.verdict.remarks import remarks
from tests.plan.verdict.hosts import recorded


def told(host: Host) -> list[str]:
    return list(remarks(host))


def test_nothing_is_in_the_way_of_a_machine_that_works() -> None:
    assert told(recorded("rtx-3090")) == []


def test_what_the_probes_met_is_told() -> None:
    host = replace(recorded("rtx-3090"), findings=(Finding("NVML", "slow", "NVML did not answer within 2 s"),))
    assert told(host) == ["NVML did not answer within 2 s (NVML: slow)"]


def test_a_container_without_kfd_has_no_amd_gpu() -> None:
    (found,) = told(recorded("mi300x-container-without-kfd"))
    assert "this container has no /dev/kfd; pass it to the container" in found


def test_a_card_of_another_driver_is_idle() -> None:
    (found,) = told(recorded("arc-a770"))
    assert found.endswith("only the kernel driver i915")


def test_a_library_that_is_not_the_modules_needs_a_reboot() -> None:
    drivers = Drivers(nvidia="570.86.15", nvml="575.57.08")
    (found,) = told(Host(system=System(drivers=drivers)))
    assert "reboot" in found


def test_files_that_may_not_be_opened_are_named_with_their_group() -> None:
    host = recorded("rx-7900xtx")
    nodes = tuple(replace(node, is_open=node.group == "video") for node in host.nodes)
    assert told(replace(host, nodes=nodes)) == ["you may not open /dev/kfd, /dev/dri/renderD128; join render"]


def test_nvidia_needs_no_files_of_the_graphics_driver() -> None:
    assert any(not node.is_open for node in recorded("h100").nodes)
    assert told(recorded("h100")) == []


def test_a_stale_cdi_specification_is_told() -> None:
    (found,) = told(recorded("rtx-3090-gtx-1080ti"))
    assert found == ("/etc/cdi/nvidia.yaml is of driver 570.86.15, 575.57.08 is loaded; run `nvidia-ctk cdi generate`")


def test_rootless_podman_needs_subordinate_ids() -> None:
    podman = Runtime("podman", "5.4.0", "rootless")
    host = Host(user=User(1000, "das"), software=Software(runtimes=(podman,)))
    assert "subordinate ids" in told(host)[0]
    assert told(replace(host, user=User(1000, "das", subuids=65_536, subgids=65_536))) == []
