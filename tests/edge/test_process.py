"""Real processes: what a person's engines do when they end, refuse to end, or leave children behind."""

import asyncio
import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from remuda.edge import process
from remuda.errors import EffectError

IGNORES_TERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)
FORKS = """
import subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(60)"]
same = subprocess.Popen(child)
away = subprocess.Popen(child, start_new_session=True)
print(same.pid, away.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


def spawn(code: str, log: Path) -> process.Process:
    return process.spawn([sys.executable, "-c", code], environment=os.environ, directory=log.parent, log=log)


async def written(log: Path) -> str:
    async with asyncio.timeout(20):
        while not (log.exists() and log.read_text().endswith("\n")):
            await asyncio.sleep(0.01)
    return log.read_text()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_output_goes_to_the_log_and_the_return_code_is_seen(log: Path) -> None:
    started = spawn("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", log)
    assert await started.exited == 3
    assert sorted(log.read_text().split()) == ["err", "out"]


async def test_the_log_is_private(log: Path) -> None:
    await spawn("", log).exited
    assert log.stat().st_mode & 0o777 == 0o600


async def test_death_by_a_signal_is_a_negative_return_code(log: Path) -> None:
    started = spawn("import os; os.abort()", log)
    assert await started.exited == -signal.SIGABRT


async def test_an_engine_runs_in_a_session_of_its_own(log: Path) -> None:
    started = spawn("import os; print(os.getsid(0) == os.getpid())", log)
    await started.exited
    assert log.read_text() == "True\n"


async def test_stop_sends_the_engines_own_signal(log: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGINT, lambda *_: exit(7)); print('up', flush=True); time.sleep(60)"
    )
    started = spawn(code, log)
    await written(log)
    await started.stop(signal.SIGINT, 20)
    assert started.exited.result() == 7


async def test_an_engine_that_ignores_its_signal_is_killed_after_the_grace(log: Path) -> None:
    started = spawn(IGNORES_TERM, log)
    await written(log)
    await started.stop(signal.SIGTERM, 0.1)
    assert started.exited.result() == -signal.SIGKILL


async def test_nothing_is_left_of_children_even_those_that_left_the_session(log: Path) -> None:
    started = spawn(FORKS, log)
    children = [int(pid) for pid in (await written(log)).split()]
    assert set(started.members()) == {started.pid, *children}
    await started.stop(signal.SIGTERM, 5)
    assert [pid for pid in children if alive(pid)] == []


async def test_children_of_a_crashed_engine_are_swept(log: Path) -> None:
    started = spawn(FORKS, log)
    children = [int(pid) for pid in (await written(log)).split()]
    started.members()
    os.kill(started.pid, signal.SIGKILL)
    await started.exited
    await started.sweep()
    assert [pid for pid in children if alive(pid)] == []


async def test_a_process_is_adopted_and_its_end_is_seen(log: Path) -> None:
    started = spawn(IGNORES_TERM, log)
    await written(log)
    adopted = process.adopt(started.identity)
    assert adopted is not None
    await adopted.stop(signal.SIGTERM, 0)
    await asyncio.gather(started.exited, adopted.exited)
    assert not started.identity.is_alive


async def test_a_process_that_ended_is_not_adopted(log: Path) -> None:
    started = spawn("", log)
    await started.exited
    assert process.adopt(started.identity) is None


@pytest.mark.parametrize("changed", [{"started_ticks": 1}, {"boot_id": "another"}])
async def test_a_reused_pid_is_not_adopted(log: Path, changed: dict[str, Any]) -> None:
    started = spawn(IGNORES_TERM, log)
    assert process.adopt(dataclasses.replace(started.identity, **changed)) is None
    await started.stop(signal.SIGKILL, 0)


async def test_a_stranger_with_a_reused_pid_is_not_among_the_members(log: Path) -> None:
    started = spawn(IGNORES_TERM, log)
    ended = process.Process(process.Identity(started.pid, 1, process.boot_id()), None)
    assert ended.members() == []
    ended.release()
    await started.stop(signal.SIGKILL, 0)


async def test_a_program_that_cannot_be_executed_is_named(log: Path) -> None:
    with pytest.raises(EffectError, match="cannot execute `/no/such/engine`: No such file or directory"):
        process.spawn(["/no/such/engine"], environment={}, directory=log.parent, log=log)


async def test_stopping_twice_is_harmless(log: Path) -> None:
    started = spawn(IGNORES_TERM, log)
    await asyncio.gather(started.stop(signal.SIGTERM, 0.05), started.stop(signal.SIGTERM, 0))
    await started.stop(signal.SIGTERM, 0)
    assert started.members() == []


async def test_trap_the_number_of_an_ended_engine_may_be_a_strangers(log: Path) -> None:
    stranger = spawn("import time; print('up', flush=True); time.sleep(60)", log)
    await written(log)
    former = dataclasses.replace(stranger.identity, started_ticks=stranger.identity.started_ticks - 1, mark="")
    async with asyncio.timeout(5):
        await process.end_leftovers(former)
    assert process.adopt(former) is None
    assert alive(stranger.pid)
    await stranger.stop(signal.SIGKILL, 0)


async def test_the_status_of_a_child_that_the_program_before_us_started_is_known(log: Path) -> None:
    started = spawn("import time; print('up', flush=True); time.sleep(60)", log)
    await written(log)
    adopted = process.adopt(started.identity)
    started.release()
    assert adopted is not None
    await adopted.stop(signal.SIGTERM, 10)
    assert adopted.exited.result() == -signal.SIGTERM
