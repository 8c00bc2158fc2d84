from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import Cli
from remuda.edge.log_copy import LogCopy


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


def saying(tmp_path: Path, script: str) -> Cli:
    """A program whose `logs` runs this shell script; `$@` is what it was asked."""
    program = tmp_path / "podman"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Cli(TOOLS["podman"], str(program), {"PATH": "/usr/bin:/bin"})


async def test_the_last_lines_are_there_when_the_copy_has_finished(tmp_path: Path, log: Path) -> None:
    copy = LogCopy(saying(tmp_path, "echo out; sleep 0.2; echo last >&2"), "x", log)
    await copy.finish()
    assert log.read_text() == "out\nlast\n"


class Endless:
    """Says a little, some of it late, and goes on."""

    ends_with_engine = False

    async def follow(self, name: str, since: str | None) -> asyncio.subprocess.Process:
        script = "echo out; sleep 0.2; echo last; exec sleep 100"
        return await asyncio.create_subprocess_exec("sh", "-c", script, stdout=asyncio.subprocess.PIPE)


async def test_a_follower_that_never_ends_is_waited_for_until_it_is_quiet(log: Path) -> None:
    copy = LogCopy(Endless(), "x", log)
    async with asyncio.timeout(4):
        await copy.finish()
    assert log.read_text() == "out\nlast\n"


async def test_a_follower_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remuda.edge.log_copy._LAST_LINES_S", 0.5)
    copy = LogCopy(saying(tmp_path, "echo out; exec sleep 100"), "x", log)
    async with asyncio.timeout(10):
        await copy.finish()
    assert log.read_text() == "out\n"


async def test_a_follower_that_ends_before_its_container_is_started_again(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remuda.edge.log_copy._AGAIN_S", 0.01)
    copy = LogCopy(saying(tmp_path, 'echo "$@"'), "x", log)
    while not (log.exists() and log.read_text().count("\n") > 1):
        await asyncio.sleep(0.01)
    await copy.finish()
    first, second, *_ = log.read_text().splitlines()
    assert first == "logs --follow x"
    assert second.startswith("logs --follow --since 20")


async def test_what_came_while_nobody_copied_is_asked_for(tmp_path: Path, log: Path) -> None:
    log.write_text("before\n")
    copy = LogCopy(saying(tmp_path, 'echo "$3"'), "x", log, resume=True)
    await copy.finish()
    assert log.read_text() == "before\n--since\n"
