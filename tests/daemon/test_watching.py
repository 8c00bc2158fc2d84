import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from remuda.daemon.watching import watch

PAUSE_S = 0.05


@asynccontextmanager
async def watched(file: Path) -> AsyncIterator[list[str]]:
    seen: list[str] = []

    async def edited() -> None:
        seen.append(file.read_text() if file.exists() else "gone")

    watching = asyncio.get_running_loop().create_task(watch(file, edited, PAUSE_S))
    await asyncio.sleep(PAUSE_S)
    yield seen
    watching.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_an_edit_is_seen_once_and_a_file_that_stays_never(tmp_path: Path) -> None:
    file = tmp_path / "remuda.yaml"
    file.write_text("a")
    async with watched(file) as seen:
        await asyncio.sleep(4 * PAUSE_S)
        assert seen == []
        file.write_text("second")
        await until(lambda: seen == ["second"])
        await asyncio.sleep(4 * PAUSE_S)
        assert seen == ["second"]


async def test_a_burst_of_edits_is_one_and_the_last_wins(tmp_path: Path) -> None:
    file = tmp_path / "remuda.yaml"
    file.write_text("")
    async with watched(file) as seen:
        for number in range(20):
            file.write_text("x" * number + str(number))
            await asyncio.sleep(PAUSE_S / 5)
        await until(lambda: bool(seen) and seen[-1].endswith("19"))
        assert len(seen) <= 2


async def test_a_file_that_is_replaced_is_edited_and_one_that_goes_as_well(tmp_path: Path) -> None:
    file = tmp_path / "remuda.yaml"
    file.write_text("a")
    async with watched(file) as seen:
        other = tmp_path / "other"
        other.write_text("b")
        other.replace(file)
        await until(lambda: seen == ["b"])
        file.unlink()
        await until(lambda: seen == ["b", "gone"])


async def test_a_new_lock_is_an_edit(tmp_path: Path) -> None:
    file = tmp_path / "remuda.yaml"
    file.write_text("a")
    async with watched(file) as seen:
        (tmp_path / "remuda.lock").write_text("{}")
        await until(lambda: seen == ["a"])
