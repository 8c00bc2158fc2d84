from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import Cli, find, require
from remuda.edge.containers.complaint import ContainerError
from remuda.errors import EffectError, UnsatisfiableError
from tests.edge.containers.tools import BOTH, FAKE, IMAGE, Machine, machine


@pytest.fixture
def ran(kind: str, tmp_path: Path) -> Iterator[Machine]:
    with machine(kind, tmp_path) as found:
        yield found


only_fake = pytest.mark.parametrize("kind", [FAKE])


@BOTH
async def test_an_image_is_here_or_not(ran: Machine) -> None:
    assert await ran.cli.has_image(IMAGE)
    assert not await ran.cli.has_image("localhost/remuda-absent:1")


@BOTH
async def test_a_container_that_is_not_there(ran: Machine) -> None:
    assert await ran.cli.inspect("remuda-absent") is None
    assert await ran.cli.find({"remuda.fleet": "nobody's"}) == []
    await ran.cli.remove("remuda-absent")


@only_fake
async def test_the_progress_of_a_pull_is_in_the_log(ran: Machine, tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    await ran.cli.pull("localhost/new:1", log)
    assert log.read_text().splitlines() == ["Trying to pull localhost/new:1...", "Copying blob sha256:0123"]


@only_fake
async def test_a_pull_that_fails_says_why(ran: Machine, tmp_path: Path) -> None:
    (ran.home / "fail-pull").write_text("Error: initializing source docker://x: manifest unknown")
    with pytest.raises(ContainerError, match="cannot pull `x`: initializing source docker://x: manifest unknown"):
        await ran.cli.pull("x", tmp_path / "engine.log")


@only_fake
async def test_an_answer_about_another_trouble_is_not_absence(ran: Machine) -> None:
    (ran.home / "fail-container").write_text("Error: database is locked")
    with pytest.raises(ContainerError, match="cannot look at the container `x`: database is locked"):
        await ran.cli.inspect("x")


async def test_a_cancelled_command_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "podman"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/new\nmv {tmp_path}/new {tmp_path}/pid\nexec sleep 100\n")
    program.chmod(0o755)
    cli = Cli(TOOLS["podman"], str(program), {"PATH": "/usr/bin:/bin"})
    pulling = asyncio.get_running_loop().create_task(cli.pull("x", tmp_path / "engine.log"))
    while not (tmp_path / "pid").exists():
        await asyncio.sleep(0.01)
    pulling.cancel()
    await asyncio.wait((pulling,))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(EffectError, match="cannot execute `/nowhere/podman`: No such file or directory"):
        await Cli(TOOLS["podman"], "/nowhere/podman", {}).has_image("x")


def test_finding_a_program(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    environment = {"PATH": str(tmp_path)}
    assert find("docker", environment).path == str(program)
    assert find("podman", environment).path == "podman"
    require("docker", environment)
    with pytest.raises(UnsatisfiableError, match="cannot run containers: `podman` is not installed"):
        require("podman", environment)
