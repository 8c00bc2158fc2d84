from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from remuda.daemon.containers import volume_of, weights_of
from remuda.daemon.runtimes import Start
from remuda.edge import ports
from remuda.edge.containers.complaint import ContainerError
from remuda.edge.http.seam import Endpoint
from remuda.edge.readiness import answers
from remuda.engines import ENGINES
from remuda.engines.contract import Order, Readiness
from remuda.plan.care import Care
from remuda.plan.container import PROGRAMS
from remuda.plan.plan import Instance
from tests.daemon.containers import Herd
from tests.edge.containers.tools import BOTH, FAKE, IMAGE, machine

only_fake = pytest.mark.parametrize("kind", [FAKE])


@pytest.fixture
def herd(kind: str, tmp_path: Path) -> Iterator[Herd]:
    with machine(kind, tmp_path) as found:
        yield Herd(found, tmp_path)


@BOTH
async def test_a_start_serves_and_a_stop_leaves_nothing(herd: Herd) -> None:
    port = ports.free_port()
    await herd.runtime.prepare(herd.start_of("a").instance, herd.log)
    async with herd.running(herd.start_of("a", port=port)) as running:
        assert await answers(Endpoint("127.0.0.1", port), Readiness("/health"))
        assert running.holds(port)
        assert herd.machine.names() == ["remuda-test-a"]
        await running.stop(signal.SIGTERM, 10)
    assert herd.machine.names() == []
    assert not list(herd.directory.glob("environment-*"))


@BOTH
async def test_steps_run_before_the_engine_which_takes_their_place(herd: Herd) -> None:
    stepping = Herd(herd.machine, herd.directory, steps=("STEP=done; export STEP", "echo step $STEP"))
    port = ports.free_port()
    async with stepping.running(stepping.start_of("a", port=port)) as running:
        assert await answers(Endpoint("127.0.0.1", port), Readiness("/health"))
        assert running.holds(port)
    assert "step done" in herd.log.read_text()


@BOTH
async def test_a_step_that_fails_keeps_the_engine_from_starting(herd: Herd) -> None:
    stepping = Herd(herd.machine, herd.directory, steps=("echo no such patch", "(exit 7)", "echo never"))
    running = await stepping.runtime.start(stepping.start_of("a", port=ports.free_port()))
    assert await running.exited == 7
    await running.sweep()
    await stepping.logged("no such patch")
    assert "never" not in herd.log.read_text()


@pytest.mark.parametrize("kind", ["podman"])
@pytest.mark.podman
async def test_a_published_port_leads_inside(herd: Herd) -> None:
    published = Herd(herd.machine, herd.directory, is_on_host_network=False)
    port = ports.free_port()
    start = published.start_of("a", "--host", "0.0.0.0", port=port)  # noqa: S104
    try:
        running = await published.runtime.start(start)
    except ContainerError as error:
        pytest.skip(f"this machine cannot publish a container's port: {error.message}")
    async with asyncio.timeout(10):
        await published.logged("ready")
    assert await answers(Endpoint("127.0.0.1", port), Readiness("/health"))
    assert running.holds(port)
    await running.stop(signal.SIGTERM, 10)


@BOTH
async def test_the_next_daemon_takes_it_over(herd: Herd) -> None:
    running = await herd.runtime.start(herd.start_of("a"))
    running.release()
    adopted = await herd.runtime.adopt(herd.record("a", running), herd.log)
    assert adopted is not None
    assert adopted.identity == running.identity
    await adopted.stop(signal.SIGTERM, 10)
    assert herd.machine.names() == []


@BOTH
async def test_what_has_ended_meanwhile_is_not_taken_over_but_removed(herd: Herd) -> None:
    async with herd.running(herd.start_of("a")) as running:
        record = herd.record("a", running)
        await herd.machine.cli.signal("remuda-test-a", signal.SIGKILL)
        await asyncio.shield(running.exited)
        assert await herd.runtime.adopt(record, herd.log) is None
        assert herd.machine.names() == []


@only_fake
async def test_a_record_of_another_start_takes_nothing_over(herd: Herd) -> None:
    async with herd.running(herd.start_of("a")) as running:
        record = herd.record("a", running)
        stranger = replace(record.identity, started_ticks=1)
        other = type(record)(record.model, 7, record.fingerprint, 1, stranger, {})
        assert await herd.runtime.adopt(other, herd.log) is None
        assert herd.machine.names() == []


@only_fake
async def test_containers_without_a_record_are_removed_but_only_this_fleets(herd: Herd) -> None:
    other = Herd(herd.machine, herd.directory, "another")
    async with herd.running(herd.start_of("a")), herd.running(herd.start_of("b")), other.running(other.start_of("c")):
        await herd.runtime.prepare(herd.start_of("a").instance, herd.log)
        await herd.runtime.clear({"a"})
        assert sorted(herd.machine.names()) == ["remuda-test-a", "remuda-test-c"]


@only_fake
async def test_a_program_that_was_never_used_is_not_asked(herd: Herd) -> None:
    await herd.runtime.clear(())
    assert not (herd.machine.home / "calls.jsonl").exists()


@only_fake
async def test_a_name_that_is_another_fleets_is_refused(herd: Herd) -> None:
    other = Herd(herd.machine, herd.directory, "another")
    async with other.running(other.start_of("a")):
        with pytest.raises(ContainerError, match="cannot create the container `remuda-test-a`: there is one of that"):
            await herd.runtime.start(herd.start_of("a"))
        assert herd.machine.names() == ["remuda-test-a"]


@only_fake
@pytest.mark.parametrize("command", ["create", "start"])
async def test_a_start_that_fails_leaves_nothing(herd: Herd, command: str) -> None:
    (herd.machine.home / f"fail-{command}").write_text("Error: address already in use")
    with pytest.raises(ContainerError, match=f"cannot {command} the container `remuda-test-a`: address already in use"):
        await herd.runtime.start(herd.start_of("a"))
    assert herd.machine.names() == []
    assert not list(herd.directory.glob("environment-*"))


@BOTH
async def test_a_start_that_is_cancelled_leaves_nothing(herd: Herd) -> None:
    starting = asyncio.get_running_loop().create_task(herd.runtime.start(herd.start_of("a")))
    while not herd.machine.names():
        await asyncio.sleep(0.01)
    starting.cancel()
    await asyncio.wait((starting,))
    assert starting.cancelled()
    assert herd.machine.names() == []


@only_fake
async def test_an_image_is_fetched_once_and_not_by_the_start(herd: Herd) -> None:
    (herd.machine.home / "images").write_text("")
    instance = herd.start_of("a").instance
    await herd.runtime.prepare(instance, herd.log)
    await herd.runtime.prepare(instance, herd.log)
    assert herd.machine.calls("pull") == [["pull", IMAGE]]
    assert "Trying to pull" in herd.log.read_text()


@only_fake
async def test_a_secret_is_in_a_private_file_and_in_no_command_line(herd: Herd) -> None:
    start = herd.start_of("a", environment={"TOKEN": "hush"})
    async with herd.running(start):
        created = json.loads(next(herd.machine.home.glob("*.container")).read_text())
        assert created["environment"]["TOKEN"] == "hush"
        assert created["environment_mode"] == "0o600"
    assert "hush" not in str(herd.machine.calls())


@only_fake
async def test_whose_container_it_is_stands_on_its_labels(herd: Herd) -> None:
    start = herd.start_of("a", attempt=3)
    async with herd.running(start):
        created = json.loads(next(herd.machine.home.glob("*.container")).read_text())
    assert created["Config"]["Labels"] == {
        "remuda.fleet": "stable",
        "remuda.model": "a",
        "remuda.fingerprint": start.instance.fingerprint,
        "remuda.attempt": "3",
    }


@only_fake
async def test_limits_are_those_of_the_model(herd: Herd) -> None:
    start = herd.start_of("a")
    care = Care(memory_bytes=2**30, cpus=1.5)
    async with herd.running(replace(start, instance=replace(start.instance, care=care))):
        (created,) = herd.machine.calls("create")
    assert "--memory 1073741824 --cpus 1.5" in " ".join(created)


@only_fake
@pytest.mark.parametrize(
    ("engine", "executable", "command"),
    [
        ("vllm", None, "--entrypoint vllm localhost/remuda-test:1 serve weights --host 0.0.0.0 --port 1 "),
        ("llama-cpp", None, "--entrypoint /app/llama-server localhost/remuda-test:1 "),
        ("sglang", None, "--entrypoint python3 localhost/remuda-test:1 -m sglang.launch_server "),
        ("vllm", "/opt/bin/vllm", "--entrypoint /opt/bin/vllm localhost/remuda-test:1 serve "),
    ],
)
async def test_what_runs_inside(herd: Herd, engine: str, executable: str | None, command: str) -> None:
    herd = Herd(herd.machine, herd.directory, is_on_host_network=False)
    instance = Instance("a", "a", engine, "podman", model="weights", executable=executable)
    (herd.machine.home / "fail-start").write_text("Error: not now")
    with pytest.raises(ContainerError):
        await herd.runtime.start(Start(instance, 1, Order("a", (), "127.0.0.1", 1, model="weights"), herd.log))
    (created,) = herd.machine.calls("create")
    assert command in " ".join(created)


def test_every_engine_with_a_program_has_one_in_its_image() -> None:
    assert PROGRAMS.keys() == {name for name, engine in ENGINES.items() if engine.PROGRAMS}


def test_the_weights_that_a_container_has_to_see(tmp_path: Path) -> None:
    for name in ("one.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "big-00001-of-00003.gguf"):
        (tmp_path / name).touch()
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/0123").touch()
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot/model.safetensors").symlink_to(tmp_path / "blobs/0123")
    seen = {
        None: (),
        "org/tiny": (),
        "one.gguf": ("one.gguf",),
        str(tmp_path / "one.gguf"): ("one.gguf",),
        "big-00001-of-00002.gguf": ("big-00001-of-00002.gguf", "big-00002-of-00002.gguf"),
        "snapshot": ("snapshot", "blobs"),
    }
    for model, names in seen.items():
        assert weights_of(tmp_path, model) == tuple(tmp_path / name for name in names)


def test_volumes_begin_where_the_fleet_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    expected = {
        "/a:/b:ro": "/a:/b:ro",
        "name:/b": "name:/b",
        "/anonymous": "/anonymous",
        "./a:/b": f"{tmp_path}/a:/b",
        "a/b:/b:z": f"{tmp_path}/a/b:/b:z",
        "../a:/b": f"{tmp_path}/../a:/b",
        "~/a:/b": "/home/me/a:/b",
    }
    assert {volume: volume_of(tmp_path, volume) for volume in expected} == expected
