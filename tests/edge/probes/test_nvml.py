import os
from pathlib import Path

from remuda.edge.probes.limits import Files
from remuda.edge.probes.nvml import report
from remuda.facts.parse.nvml import Gpu, Memory, Mig, Peer, Process
from tests.edge.probes.fake_nvml import GIB, FakeNvml, Listed
from tests.edge.probes.fake_nvml import Gpu as Fake

FIRST, SECOND = "00000000:01:00.0", "00000000:21:00.0"


def files() -> Files:
    return Files(Path("/"), "NVML")


def test_every_answer_is_taken_and_what_a_card_does_not_support_left_out() -> None:
    (gpu,) = report(FakeNvml(Fake(bus_id=FIRST, driver_bytes=GIB)), files()).gpus
    assert gpu == Gpu(
        0, "NVIDIA GeForce RTX 3090", "GPU-0", FIRST, capability=(8, 6), memory=Memory(24 * GIB, 23 * GIB)
    )


def test_the_driver_says_its_version_and_that_of_cuda() -> None:
    found = report(FakeNvml(), files())
    assert (found.driver, found.cuda_version, found.gpus) == ("575.57.08", "12.9", ())


def test_a_card_that_is_lost_is_a_finding_beside_the_others() -> None:
    noted = files()
    found = report(FakeNvml(Fake(is_lost=True), Fake(uuid="GPU-b")), noted)
    assert [(gpu.index, gpu.uuid) for gpu in found.gpus] == [(1, "GPU-b")]
    assert [finding.message for finding in noted.findings] == ["cannot ask the NVIDIA driver about GPU 0: GPU is lost"]


def test_links_lead_to_other_cards_and_those_that_are_down_nowhere() -> None:
    pair = FakeNvml(Fake(bus_id=FIRST, links=(SECOND, "", SECOND)), Fake(bus_id=SECOND))
    first, second = report(pair, files()).gpus
    assert first.nvlinks == (SECOND, SECOND)
    assert first.peers == (Peer(SECOND, is_p2p=True),)
    assert second.nvlinks == ()
    assert second.peers == (Peer(FIRST, is_p2p=False),)


def test_processes_have_names() -> None:
    gpu = Fake(computing=[Listed(os.getpid(), 5), Listed(2**22 + 1, None)])
    (found,) = report(FakeNvml(gpu), files()).gpus
    named, gone = found.processes
    assert named == Process(os.getpid(), 5, Path("/proc/self/comm").read_text().strip())
    assert gone == Process(2**22 + 1)


def test_a_divided_card_has_its_parts() -> None:
    part = Fake(uuid="MIG-1", total_bytes=10 * GIB)
    (found,) = report(FakeNvml(Fake(parts=(part,))), files()).gpus
    assert found.is_mig
    assert found.partitions == (Mig("MIG-1", "NVIDIA GeForce RTX 3090", 10 * GIB),)


def test_a_card_that_shares_the_machines_memory_has_none_of_its_own() -> None:
    (found,) = report(FakeNvml(Fake(has_memory=False)), files()).gpus
    assert found.memory is None
