import json
import socket
from pathlib import Path

import pytest

from remuda.daemon.launcher import StartError
from remuda.daemon.runtimes import Running
from remuda.edge import readiness
from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import FailureKind, Readiness
from remuda.plan.plan import Instance
from tests.daemon.fleet_of_fakes import fake, launcher, places


async def launch(directory: Path, instance: Instance, **environment: str) -> tuple[Running, Endpoint]:
    return await launcher(directory, **environment).launch(instance, 7, lambda _running, _endpoint: None)


async def failure(directory: Path, instance: Instance) -> StartError:
    with pytest.raises(StartError) as raised:
        await launch(directory, instance)
    return raised.value


async def test_an_instance_is_up_when_it_is_ready(tmp_path: Path) -> None:
    started, endpoint = await launch(tmp_path, fake("--load-seconds", "0.2"))
    try:
        assert await readiness.answers(endpoint, Readiness("/v1/models"))
    finally:
        await started.stop(9, 0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("oom", FailureKind.OUT_OF_MEMORY),
        ("flag", FailureKind.BAD_FLAG),
        ("weights", FailureKind.MISSING_WEIGHTS),
        ("exit0", FailureKind.EXITED),
        ("sigill", FailureKind.ILLEGAL_INSTRUCTION),
    ],
)
async def test_an_engine_that_ends_is_a_failure_of_its_class_with_its_log(
    tmp_path: Path, kind: str, expected: FailureKind
) -> None:
    error = await failure(tmp_path, fake("--fail", kind))
    assert error.failure.kind is expected
    assert error.failure.log_tail


async def test_a_fixed_port_that_is_taken_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        error = await failure(tmp_path, fake(port=port))
    assert error.failure.kind is FailureKind.PORT_TAKEN
    assert str(port) in error.failure.message
    assert not places(tmp_path).log("fake").exists()


async def test_a_program_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    error = await failure(tmp_path, Instance("x", "x", "command", "process", cmd=("/no/such/program",)))
    assert "/no/such/program" in error.failure.message


async def test_an_engine_that_hangs_silently_is_given_up_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "STALL_FLOOR_S", 0.3)
    spawned: list[Running] = []
    with pytest.raises(StartError) as raised:
        await launcher(tmp_path).launch(fake("--fail", "hang"), 1, lambda running, _: spawned.append(running))
    assert raised.value.failure.kind is FailureKind.STALLED
    assert [running.members() for running in spawned] == [[]]


async def test_secrets_reach_the_engine_and_files_come_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "engine.env").write_text("A=engine\nB=engine\nC=engine\n")
    (tmp_path / "model.env").write_text("B=model\nC=model\n")
    script = "import json, os; json.dump({k: os.environ.get(k) for k in 'ABCD'}, open('seen.json', 'w'))"
    instance = Instance(
        "x",
        "x",
        "command",
        "process",
        cmd=("python3", "-c", script, "${env:TOKEN}", "${PORT}"),
        environment={"C": "own", "D": "${env:TOKEN}/${MODEL_ID}"},
        environment_files=("engine.env", "model.env"),
    )
    with pytest.raises(StartError):
        await launch(tmp_path, instance, TOKEN="s3cret")
    assert json.loads((tmp_path / "seen.json").read_text()) == {
        "A": "engine",
        "B": "model",
        "C": "own",
        "D": "s3cret/x",
    }


async def test_a_secret_that_is_not_there_is_named_without_starting_anything(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake(environment={"KEY": "${env:NOPE}"}))
    assert "${env:NOPE}" in error.failure.message


def test_an_external_url_is_taken_apart(tmp_path: Path) -> None:
    instance = Instance("a", "a", "command", "external", url="https://host.example/base/", model="theirs")
    endpoint = launcher(tmp_path).external(instance)
    assert (endpoint.url, endpoint.served_name) == ("https://host.example:443/base", "theirs")
