"""A real vLLM on the CPU, started as `remuda.engines.vllm` says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge.ports import free_port
from remuda.engines import vllm
from remuda.engines.contract import Order, Progress
from remuda.gateway.traits import Traits
from tests.edge.embedded import ask
from tests.engines.tiny_hf import write_tiny_hf_model

START_S = 240
# What a model of a few kilobytes on a small machine needs; nothing of it is Remuda's.
SETTINGS = {
    "max-model-len": 1024,
    "enforce-eager": True,
    "kv-cache-memory-bytes": 64 * 2**20,
    "max-num-seqs": 4,
    "enable-prefix-caching": False,
}
# With the development endpoints that sleeping needs.
ENVIRONMENT = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "HF_HUB_OFFLINE": "1"}

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.timeout(START_S + 60)]


def _program() -> str:
    program = os.environ.get("REMUDA_VLLM") or shutil.which("vllm")
    if not program:
        pytest.skip("there is no vLLM: run scripts/setup-vllm and set REMUDA_VLLM=.venv-vllm/bin/vllm")
    return str(Path(program).absolute())


@pytest.fixture
def order(tmp_path: Path) -> Order:
    (tmp_path / "model").mkdir()
    write_tiny_hf_model(tmp_path / "model")
    return Order(
        model_id="tiny",
        program=(_program(),),
        host="127.0.0.1",
        port=free_port("127.0.0.1"),
        model=str(tmp_path / "model"),
        settings=SETTINGS,
        environment=ENVIRONMENT,
    )


@pytest.fixture
def server(order: Order, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    launch = vllm.launch(order)
    # vLLM leaves sockets in the temporary directory.
    environment = {**os.environ, "TMPDIR": str(tmp_path), **launch.environment}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            launch.argv, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_vllm_starts_answers_and_stops_as_its_module_says(
    order: Order, server: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{order.port}"
    _wait_until_ready(f"{url}{vllm.readiness(order).path}", server, tmp_path / "log")
    body = {"model": vllm.served_name(order), "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
    status, answer = ask(f"{url}/v1/chat/completions", body)
    assert (status, answer["model"], answer["usage"]["completion_tokens"]) == (200, "tiny", 4)
    assert ask(f"{url}/v1/chat/completions", {**body, "model": "other"})[0] == 404

    signals = [vllm.read_line(line) for line in (tmp_path / "log").read_text().splitlines()]
    texts = {signal.text for signal in signals if signal}
    assert {"loading weights", "serving"} <= texts
    assert all(isinstance(signal, Progress) for signal in signals if signal)

    server.send_signal(vllm.STOP_SIGNAL)
    server.wait(vllm.STOP_GRACE_S)


def test_vllm_falls_asleep_and_wakes_as_its_module_says(
    order: Order, server: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """The protocol alone: on a CPU vLLM refuses `--enable-sleep-mode`, and frees nothing."""
    url = f"http://127.0.0.1:{order.port}"
    _wait_until_ready(f"{url}{vllm.readiness(order).path}", server, tmp_path / "log")
    for way in vllm.SLEEP.values():
        for calls, sleeps in ((way.fall_asleep, True), (way.wake_up, False)):
            for call in calls:
                assert ask(f"{url}{call.path}", json.loads(call.body or b"{}"))[0] == 200, call
            assert ask(f"{url}{way.look.path}") == (200, {way.member: sleeps})
            assert ask(f"{url}/health")[0] == 200
        body = {"model": vllm.served_name(order), "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
        assert ask(f"{url}/v1/chat/completions", body)[0] == 200
    traits = Traits(paths=tuple(map(str.encode, vllm.SLEEPER_PATHS)))
    closed = {path for path in ask(f"{url}/openapi.json")[1]["paths"] if not traits.allows(path.encode())}
    assert closed >= {"/sleep", "/wake_up", "/collective_rpc", "/pause", "/update_weights", "/reset_prefix_cache"}
    assert closed.isdisjoint({"/v1/chat/completions", "/v1/models", "/tokenize", "/health", "/metrics", "/invocations"})


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    while server.poll() is None:
        try:
            if ask(url)[0] == 200:
                return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-4000:])
