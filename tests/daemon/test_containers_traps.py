"""Traps of other projects about processes and containers, as far as containers fall into them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge.containers.complaint import ContainerError
from remuda.engines.contract import FailureKind
from remuda.errors import EffectError
from tests.daemon.containers import Herd
from tests.edge.containers.tools import BOTH, FAKE, machine

only_fake = pytest.mark.parametrize("kind", [FAKE])


@pytest.fixture
def herd(kind: str, tmp_path: Path) -> Iterator[Herd]:
    with machine(kind, tmp_path) as found:
        yield Herd(found, tmp_path)


@BOTH
async def test_trap_34_the_end_is_seen_by_the_process_and_not_by_a_client(herd: Herd) -> None:
    async with herd.running(herd.start_of("a")) as running:
        os.kill(running.identity.pid, signal.SIGKILL)
        status = await asyncio.wait_for(asyncio.shield(running.exited), 10)
        assert status == 137 or not herd.machine.is_real
        assert not running.identity.is_alive


@only_fake
async def test_trap_35_a_name_is_free_before_it_is_used_again(herd: Herd) -> None:
    await herd.runtime.start(herd.start_of("a"))
    (herd.machine.home / "stubborn").write_text("3")
    async with herd.running(herd.start_of("a", attempt=2)):
        commands = [words[0] for words in herd.machine.calls()]
    between = commands[commands.index("create") + 1 :]
    assert between[: between.index("create")].count("rm") == 4
    assert all("--init" in words for words in herd.machine.calls("create"))


@only_fake
async def test_trap_35_a_removal_that_does_not_end_is_an_error(herd: Herd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remuda.edge.containers.cli._REMOVAL_S", 0.2)
    async with herd.running(herd.start_of("a")) as running:
        (herd.machine.home / "stubborn").write_text("1000")
        with pytest.raises(
            ContainerError, match=r"cannot remove the container `.*`: removal of .* already in progress"
        ):
            await running.sweep()
        (herd.machine.home / "stubborn").unlink()


@only_fake
async def test_trap_36_what_a_command_leaves_behind_may_hold_its_output(herd: Herd) -> None:
    (herd.machine.home / "holds-output").touch()
    async with asyncio.timeout(20), herd.running(herd.start_of("a")) as running:
        assert running.identity.is_alive


@BOTH
async def test_trap_37_the_grace_of_a_stop_is_its_own(herd: Herd) -> None:
    async with herd.running(herd.start_of("a", "--ignore-sigterm")) as running:
        async with asyncio.timeout(10):
            await running.stop(signal.SIGTERM, 0.1)
        assert running.exited.result() == 137


@BOTH
async def test_trap_41_another_listener_is_not_the_containers(herd: Herd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        async with herd.running(herd.start_of("a", "--children", "1", port=0)) as running:
            assert not running.holds(stranger.getsockname()[1])


@only_fake
async def test_trap_41_a_port_that_cannot_be_published_is_taken(herd: Herd) -> None:
    (herd.machine.home / "fail-start").write_text("Error: listen tcp 127.0.0.1:8301: bind: address already in use")
    with pytest.raises(ContainerError) as error:
        await herd.runtime.start(herd.start_of("a"))
    assert error.value.kind is FailureKind.PORT_TAKEN


@pytest.mark.parametrize("kind", [FAKE, pytest.param("podman", marks=pytest.mark.podman)])
async def test_trap_46_a_stale_cdi_specification_is_named_with_its_remedy(herd: Herd) -> None:
    if not herd.machine.is_real:
        (herd.machine.home / "fail-create").write_text(
            "Error: setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=GPU-0"
        )
    herd = Herd(herd.machine, herd.directory, devices=("nvidia.com/gpu=GPU-0",))
    with pytest.raises(ContainerError) as error:
        await herd.runtime.start(herd.start_of("a"))
    assert error.value.kind is FailureKind.DRIVER_LOST
    assert "nvidia-ctk cdi generate" in (error.value.hint or "")


@only_fake
async def test_trap_47_no_container_gets_the_socket_that_makes_it_root(herd: Herd) -> None:
    herd = Herd(herd.machine, herd.directory, volumes=("/run/podman/podman.sock:/s",))
    with pytest.raises(EffectError, match="whoever has that socket is root on this machine"):
        await herd.runtime.start(herd.start_of("a"))
    assert herd.machine.calls("create") == []


@only_fake
async def test_trap_47_a_container_has_no_privileges(herd: Herd) -> None:
    async with herd.running(herd.start_of("a")):
        words = " ".join(herd.machine.calls("create")[0])
    assert "--cap-drop all --security-opt no-new-privileges" in words
    assert "--privileged" not in words
