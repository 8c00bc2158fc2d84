import asyncio
import threading
import time
from collections.abc import Callable, Collection

import pytest

from remuda.daemon import release
from remuda.daemon.release import Baseline, Held, Kept, Released, kept, released
from remuda.facts.memory import Holder, Reading

GIB = 1024**3
IDLE = Reading("cuda0", 24 * GIB, 23 * GIB)
FULL = Reading("cuda0", 24 * GIB, 3 * GIB)
GONE = frozenset({7})


class Device:
    """A probe whose readings change with the number of times it was asked."""

    def __init__(self, at: Callable[[int], Reading | None]) -> None:
        self.at = at
        self.looks: list[float] = []

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        self.looks.append(time.monotonic())
        return self.at(len(self.looks))

    def command(self, pid: int) -> str:
        return f"program-{pid}"


async def test_memory_that_is_back_is_seen_at_the_first_look() -> None:
    device = Device(lambda _: IDLE)
    assert isinstance(await released(device, {"cuda0": Baseline(IDLE)}, GONE), Released)
    assert len(device.looks) == 1


async def test_memory_that_comes_late_is_waited_for_and_at_first_looked_for_often() -> None:
    device = Device(lambda look: FULL if look < 6 else IDLE)
    outcome = await released(device, {"cuda0": Baseline(IDLE)}, GONE)
    assert isinstance(outcome, Released)
    assert len(device.looks) == 6
    assert device.looks[2] - device.looks[0] < 0.4
    assert 0.15 < outcome.took_s < 2


async def test_memory_that_does_not_come_back_is_said_after_the_bound() -> None:
    outcome = await released(Device(lambda _: FULL), {"cuda0": Baseline(IDLE)}, GONE, bound_s=0.1)
    assert isinstance(outcome, Held)
    assert outcome.took_s == pytest.approx(0.1, abs=0.05)
    (kept,) = outcome.kept
    assert kept == Kept("cuda0", 20 * GIB)
    assert kept.message == "20 GiB of cuda0 did not come back: held by no process that its driver lists"


async def test_who_holds_it_is_named() -> None:
    zombie = Reading("cuda0", 24 * GIB, 3 * GIB, (Holder(7, 20 * GIB), Holder(9, GIB // 2)))
    outcome = await released(Device(lambda _: zombie), {"cuda0": Baseline(None)}, GONE, bound_s=0.02)
    assert isinstance(outcome, Held)
    assert outcome.kept[0].message == "20 GiB of cuda0 did not come back: held by `program-7` (pid 7)"


async def test_each_device_is_waited_for_by_itself() -> None:
    def at(look: int) -> Reading:
        return FULL if look < 4 else IDLE

    devices = {"cuda0": Device(lambda _: IDLE), "cuda1": Device(at)}

    class Both:
        def read(self, device: str, pids: Collection[int]) -> Reading | None:
            return devices[device].read(device, pids)

        def command(self, pid: int) -> str:
            raise AssertionError

    await released(Both(), dict.fromkeys(devices, Baseline(IDLE)), GONE)
    assert [len(device.looks) for device in devices.values()] == [1, 4]


@pytest.mark.parametrize("devices", [{}, {"cpu": Baseline(FULL)}])
async def test_the_cpus_memory_is_back_with_the_end_of_the_processes(devices: dict[str, Baseline]) -> None:
    device = Device(lambda _: FULL)
    outcome = await released(device, devices, GONE)
    assert isinstance(outcome, Released)
    assert outcome.took_s < 0.01
    assert device.looks == []


async def test_a_device_that_cannot_be_read_is_not_waited_for() -> None:
    assert isinstance(await released(Device(lambda _: None), {"cuda0": Baseline(IDLE)}, GONE), Released)


async def test_a_driver_that_hangs_does_not_hold_up_the_daemon() -> None:
    answers = threading.Event()

    def hang(_: int) -> Reading:
        answers.wait(30)
        return IDLE

    outcome = await released(Device(hang), {"cuda0": Baseline(IDLE)}, GONE, bound_s=0.05)
    answers.set()
    assert isinstance(outcome, Held)
    assert outcome.kept[0].message == "cannot tell whether memory of cuda0 came back: its driver does not answer"


def holding(size_bytes: int | None, *, pid: int = 7) -> Reading:
    return Reading("cuda0", 24 * GIB, 3 * GIB, (Holder(pid, size_bytes),))


async def test_what_falls_asleep_is_waited_for_until_it_keeps_no_more_than_planned() -> None:
    device = Device(lambda look: holding(20 * GIB if look < 4 else GIB))
    assert await kept(device, {"cuda0": 2 * GIB, "cpu": 9 * GIB}, {7}) == {"cuda0": GIB}
    assert len(device.looks) == 4


async def test_what_keeps_more_than_planned_is_told_as_it_is() -> None:
    device = Device(lambda look: holding(20 * GIB - look))
    assert (await kept(device, {"cuda0": 2 * GIB}, {7}, bound_s=0.05))["cuda0"] > 19 * GIB


async def test_what_gives_nothing_back_any_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "STEADY_S", 0.1)
    device = Device(lambda look: holding(20 * GIB if look < 3 else 5 * GIB))
    async with asyncio.timeout(5):
        assert await kept(device, {"cuda0": 2 * GIB}, {7}) == {"cuda0": 5 * GIB}


@pytest.mark.parametrize("reading", [None, holding(None), holding(GIB, pid=8)], ids=["unread", "unknown", "unlisted"])
async def test_nothing_is_told_of_what_cannot_be_seen(reading: Reading | None) -> None:
    assert await kept(Device(lambda _: reading), {"cuda0": 2 * GIB}, {7}) == {}
