from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from remuda.edge import ports
from remuda.edge.containers import argv
from remuda.edge.containers.complaint import ContainerError
from remuda.edge.containers.container import Container, identity
from remuda.edge.containers.state import State
from tests.edge.containers.tools import BOTH, FAKE, FAKE_ENGINE, Machine, machine

ENGINE = (str(Path(sys.executable).resolve()), "-u", str(FAKE_ENGINE))
SHELL = ("/bin/sh", "-c")


@pytest.fixture
def ran(kind: str, tmp_path: Path) -> Iterator[Machine]:
    with machine(kind, tmp_path) as found:
        yield found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


async def create(ran: Machine, *command: str, name: str = "remuda-test", **keys: Any) -> State:
    file = ran.home / "environment"
    file.write_text('SHAPE=a "b" # c\nEMPTY=\n')
    creation = argv.Creation(
        contained=ran.contained(name),
        command=command,
        labels={argv.FLEET: "f"},
        address=("127.0.0.1", 1),
        environment_file=file,
        stop=(15, 1),
        **keys,
    )
    await ran.cli.create(creation)
    await ran.cli.start(name)
    state = await ran.cli.inspect(name)
    assert state is not None
    return state


@asynccontextmanager
async def running(ran: Machine, log: Path, *command: str, **keys: Any) -> AsyncIterator[Container]:
    container = Container(ran.cli, await create(ran, *command, **keys), log)
    try:
        yield container
    finally:
        await container.sweep()


async def logged(log: Path, text: str) -> None:
    while not (log.exists() and text in log.read_text()):
        await asyncio.sleep(0.01)


@BOTH
async def test_a_life(ran: Machine, log: Path) -> None:
    port = ports.free_port()
    async with running(ran, log, *ENGINE, "--port", str(port)) as container:
        await logged(log, "ready")
        assert container.identity.is_alive
        assert container.identity.pid in container.members()
        assert container.holds(port)
        assert not container.holds(ports.free_port())
        await container.stop(signal.SIGTERM, 10)
        assert container.exited.result() is not None
        assert not container.members()
        assert ran.names() == []


@BOTH
async def test_its_environment_is_what_the_file_says(ran: Machine, log: Path) -> None:
    async with running(ran, log, *SHELL, 'echo "[$SHAPE][${EMPTY-unset}]"') as container:
        await asyncio.shield(container.exited)
        assert log.read_text() == '[a "b" # c][]\n'


@BOTH
@pytest.mark.parametrize("status", [0, 3])
async def test_its_exit_status_and_its_last_lines(ran: Machine, log: Path, status: int) -> None:
    async with running(ran, log, *SHELL, f"echo last words >&2; exit {status}") as container:
        assert await asyncio.shield(container.exited) == status
        assert log.read_text() == "last words\n"
        assert not container.is_out_of_memory


@BOTH
async def test_one_that_ignores_its_signal_is_killed_after_the_grace(ran: Machine, log: Path) -> None:
    async with running(ran, log, *ENGINE, "--ignore-sigterm") as container:
        await logged(log, "ready")
        await container.stop(signal.SIGTERM, 0.2)
        assert container.exited.result() == 137
        assert ran.names() == []


@BOTH
async def test_one_that_somebody_removed_ends_without_a_status(ran: Machine, log: Path) -> None:
    async with running(ran, log, *ENGINE) as container:
        await logged(log, "ready")
        await ran.cli.remove("remuda-test")
        assert await asyncio.shield(container.exited) in {None, 137}


@BOTH
async def test_adopted_it_goes_on_with_its_log(ran: Machine, log: Path) -> None:
    script = "echo one; while ! [ -e /proc/1/nothing ]; do read -r line < /dev/null; sleep 0.1; echo beat; done"
    first = Container(ran.cli, await create(ran, *SHELL, script), log)
    await logged(log, "beat")
    first.release()
    assert first.identity.is_alive
    state = await ran.cli.inspect("remuda-test")
    assert state is not None
    second = Container(ran.cli, state, log, resume=True)
    assert second.identity == first.identity
    size = log.stat().st_size
    while log.stat().st_size == size:
        await asyncio.sleep(0.01)
    await second.stop(signal.SIGKILL, 0)
    assert log.read_text().count("one") == 1


@pytest.mark.parametrize("kind", [FAKE])
async def test_out_of_memory_is_told(ran: Machine, log: Path) -> None:
    async with running(ran, log, *SHELL, "exit 137", "--oom") as container:
        assert await asyncio.shield(container.exited) == 137
        assert container.is_out_of_memory


def test_a_process_that_is_not_the_containers_is_refused() -> None:
    with pytest.raises(ContainerError, match=f"cannot see the process of a container: pid {os.getpid()} is another"):
        identity(State("x", os.getpid(), 0, is_out_of_memory=False, is_on_host_network=False, labels={}))


def test_an_ended_container_has_no_live_process() -> None:
    assert not identity(State("x", 0, 1, is_out_of_memory=False, is_on_host_network=False, labels={})).is_alive
