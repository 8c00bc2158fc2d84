import pynvml
import pytest

from remuda.edge.probes import memory_nvidia
from remuda.edge.probes.memory_nvidia import Nvidia
from remuda.facts.memory import Holder, Reading
from tests.edge.probes.fake_nvml import GIB, MIB, FakeNvml, Gpu, Listed

MACHINE = (128 * GIB, 100 * GIB)


def read(*gpus: Gpu, device: str = "cuda0") -> Reading | None:
    return Nvidia(FakeNvml(*gpus), lambda: MACHINE).read(device, ())


def holders(gpu: Gpu) -> tuple[Holder, ...]:
    reading = read(gpu)
    assert reading
    return reading.holders


def test_what_the_driver_has_for_itself_is_in_use() -> None:
    assert read(Gpu()) == Reading("cuda0", 24 * GIB, 24 * GIB - 400 * MIB)


def test_devices_are_numbered_as_nvml_numbers_them() -> None:
    reading = read(Gpu(), Gpu(11 * GIB), device="cuda1")
    assert reading
    assert (reading.device, reading.total_bytes) == ("cuda1", 11 * GIB)


def test_a_process_that_computes_and_draws_is_counted_once() -> None:
    assert holders(Gpu(computing=[Listed(7, GIB)], drawing=[Listed(7, GIB), Listed(8, MIB)])) == (
        Holder(7, GIB),
        Holder(8, MIB),
    )


def test_what_a_process_holds_of_several_mig_instances_is_added_up() -> None:
    assert holders(Gpu(computing=[Listed(7, GIB, 1, 0), Listed(7, 2 * GIB, 2, 0)])) == (Holder(7, 3 * GIB),)


def test_a_size_that_the_driver_does_not_know_stays_unknown() -> None:
    assert holders(Gpu(computing=[Listed(7, None)], drawing=[Listed(7, None)])) == (Holder(7, None),)
    assert holders(Gpu(computing=[Listed(7, None, 1, 0), Listed(7, GIB, 2, 0)])) == (Holder(7, None),)


def test_a_list_that_a_board_lacks_is_left_out() -> None:
    assert holders(Gpu(computing=[Listed(7, GIB)], has_graphics=False)) == (Holder(7, GIB),)


def test_a_gpu_without_memory_of_its_own_has_the_machines() -> None:
    assert read(Gpu(has_memory=False, computing=[Listed(7, GIB)])) == Reading(
        "cuda0", *MACHINE, (Holder(7, GIB),), is_unified=True
    )


@pytest.mark.parametrize(("gpus", "device"), [((Gpu(is_lost=True),), "cuda0"), ((), "cuda0"), ((Gpu(),), "cuda1")])
def test_a_gpu_that_is_lost_or_not_there_cannot_be_read(gpus: tuple[Gpu, ...], device: str) -> None:
    assert read(*gpus, device=device) is None


def test_the_real_library_has_every_function_that_the_fake_one_has() -> None:
    wanted = [name for name in dir(FakeNvml) if not name.startswith("_")]
    assert [name for name in wanted if not hasattr(pynvml, name)] == []
    assert {field for field, _ in pynvml.c_nvmlProcessInfo_v3_t._fields_} == set(vars(Listed(1, 1)))


def test_a_machine_without_the_driver_has_no_library() -> None:
    nvml = memory_nvidia.connect()
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded):
        assert nvml is None
    else:
        assert nvml is pynvml
