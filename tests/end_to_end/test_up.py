"""The life of a daemon: real engines behind one address, started, swapped, killed and left behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from tests.end_to_end.daemon_process import Home, is_alive, wait_until_gone

PAIR = """
models:
  tiny-a: {engine: llama-cpp, model: range.gguf, memory: 200MiB, devices: [cpu], settings: {ctx-size: 4096}}
  tiny-b: {engine: llama-cpp, model: sea.gguf, memory: 200MiB, devices: [cpu]}
routes: {coder: tiny-a}
residency: {budget: {cpu: 300MiB}}
lint: {model_ids: 'off'}
"""
FAKE = Path(__file__).parents[1] / "fake_engine.py"


CLIENTS: list[openai.OpenAI] = []


@pytest.fixture(autouse=True)
def close_clients() -> Iterator[None]:
    """Close what `client` has opened, also in a test that fails: its sockets would be reported against another."""
    yield
    while CLIENTS:
        CLIENTS.pop().close()


def client(url: str) -> openai.OpenAI:
    CLIENTS.append(openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=30))
    return CLIENTS[-1]


def ask(client: openai.OpenAI, model: str, *, stream: bool = False, tokens: int = 4) -> str:
    """The model that answered, as it calls itself."""
    if not stream:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hello"}], max_tokens=tokens
        )
        assert answer.choices[0].message.content
        return answer.model
    chunks = list(
        client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hello"}], max_tokens=tokens, stream=True
        )
    )
    assert any(chunk.choices and chunk.choices[0].finish_reason for chunk in chunks)
    return chunks[0].model


@pytest.mark.timeout(300)
def test_two_hundred_alternating_requests_are_all_answered_by_the_right_engine(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as daemon:
        openai_client = client(daemon.url)
        asked = [("tiny-a", "tiny-b")[number % 2] for number in range(200)]
        answered = [ask(openai_client, model, stream=number % 3 == 0) for number, model in enumerate(asked)]
        assert answered == asked
        assert [row["state"] for row in daemon.ps().values()].count("ready") == 1


def test_concurrent_clients_of_both_models_are_all_served(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as daemon, ThreadPoolExecutor(8) as pool:
        openai_client = client(daemon.url)
        asked = [("tiny-a", "tiny-b")[number % 2] for number in range(64)]
        answered = list(pool.map(lambda model: ask(openai_client, model, stream=True), asked))
        assert answered == asked
        assert [(row["in_flight"], row["waiting"]) for row in daemon.ps().values()] == [(0, 0), (0, 0)]


def test_a_lane_answers_and_every_name_is_listed(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as daemon:
        openai_client = client(daemon.url)
        assert ask(openai_client, "coder") == "tiny-a"
        assert {model.id for model in openai_client.models.list()} == {"tiny-a", "tiny-b", "coder"}
        with pytest.raises(openai.NotFoundError, match="tiny-a"):
            ask(openai_client, "tiny-aa")


def test_an_engine_killed_in_the_middle_of_a_stream_ends_the_stream_and_is_started_again(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as daemon:
        openai_client = client(daemon.url)
        ask(openai_client, "tiny-a")
        pid = daemon.ps()["tiny-a"]["pid"]
        stream = openai_client.completions.create(
            model="tiny-a", prompt="the", max_tokens=4000, stream=True, extra_body={"ignore_eos": True}
        )
        next(iter(stream))
        os.kill(pid, signal.SIGKILL)
        with pytest.raises((openai.APIError, openai.APIConnectionError)):
            list(stream)
        assert ask(openai_client, "tiny-a") == "tiny-a"


@pytest.mark.parametrize("delay_s", [0, 0.0005, 0.001, 0.005, 0.02])
def test_a_request_right_after_an_engine_was_killed_is_served_by_the_next_one(home: Home, delay_s: float) -> None:
    with home.up(home.fleet(PAIR)) as daemon:
        openai_client = client(daemon.url)
        for _ in range(3):
            ask(openai_client, "tiny-a")
            os.kill(daemon.ps()["tiny-a"]["pid"], signal.SIGKILL)
            time.sleep(delay_s)
            assert ask(openai_client, "tiny-a") == "tiny-a"


def test_the_next_daemon_takes_over_what_a_killed_one_left(home: Home) -> None:
    file = home.fleet(PAIR)
    with home.up(file) as killed:
        ask(client(killed.url), "tiny-a")
        pid = killed.ps()["tiny-a"]["pid"]
        killed.end(signal.SIGKILL)
    assert is_alive(pid)
    with home.up(file) as daemon:
        assert daemon.ps()["tiny-a"]["pid"] == pid
        assert ask(client(daemon.url), "tiny-a") == "tiny-a"
        assert ask(client(daemon.url), "tiny-b") == "tiny-b"
        assert not is_alive(pid)


def test_the_next_daemon_ends_a_leftover_that_its_file_no_longer_wants(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as killed:
        ask(client(killed.url), "tiny-a")
        pid = killed.ps()["tiny-a"]["pid"]
        killed.end(signal.SIGKILL)
    with home.up(home.fleet(PAIR.replace("4096", "2048"))) as daemon:
        wait_until_gone(pid)
        assert ask(client(daemon.url), "tiny-a") == "tiny-a"


def test_sigterm_lets_a_stream_finish_and_leaves_nothing(home: Home) -> None:
    cmd = f"[{sys.executable}, {FAKE}, --any-model, --port, '${{PORT}}']"
    with home.up(home.fleet(f"models: {{slow: {{cmd: {cmd}}}}}\nlint: {{model_ids: off}}")) as daemon:
        stream = client(daemon.url).chat.completions.create(
            model="slow",
            messages=[{"role": "user", "content": "x"}],
            stream=True,
            extra_body={"fake": {"tokens": 20, "rate": 20}},
        )
        chunks = iter(stream)
        next(chunks)
        engine = daemon.ps()["slow"]["pid"]
        ended: list[int] = []
        ending = threading.Thread(target=lambda: ended.append(daemon.end(signal.SIGTERM)))
        ending.start()
        rest = list(chunks)
        ending.join()
        assert rest[-1].choices[0].finish_reason
        assert ended == [0]
        assert not is_alive(engine)
        assert home.sockets() == []


def test_ctrl_c_ends_with_130_and_leaves_nothing(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as daemon:
        ask(client(daemon.url), "tiny-a")
        engine = daemon.ps()["tiny-a"]["pid"]
        assert daemon.end(signal.SIGINT) == 130
        assert not is_alive(engine)
        assert home.sockets() == []


def test_two_daemons_with_two_files_run_side_by_side(home: Home) -> None:
    one, two = home.fleet(PAIR, "one.yaml"), home.fleet(PAIR, "two.yaml")
    with home.up(one) as first, home.up(two) as second:
        assert first.url != second.url
        assert [ask(client(url), "tiny-b") for url in (first.url, second.url)] == ["tiny-b", "tiny-b"]
        refused = home.run("ps")
        assert refused.returncode == 6
        assert "several daemons are running" in refused.stderr
        assert home.json("ps", "-f", one)["models"][1]["state"] == "ready"


def test_the_same_file_is_served_once(home: Home) -> None:
    file = home.fleet(PAIR)
    with home.up(file) as daemon:
        again = home.run("up", "-f", file, "--listen", "127.0.0.1:0")
        assert again.returncode == 6
        assert f"already up: the daemon with pid {daemon.pid}" in again.stderr
        assert ask(client(daemon.url), "tiny-a") == "tiny-a"


def test_an_address_in_use_is_named_and_nothing_is_started(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = home.run("up", "-f", home.fleet(PAIR), "--listen", address)
    assert done.returncode == 6
    assert address in done.stderr
    assert home.sockets() == []


def test_a_model_that_fails_to_load_answers_at_once_with_its_log(home: Home) -> None:
    fleet = "models: {broken: {engine: llama-cpp, model: ./missing.gguf, devices: [cpu]}}\nlint: {model_ids: 'off'}"
    with home.up(home.fleet(fleet)) as daemon:
        began = time.monotonic()
        with pytest.raises(openai.APIStatusError) as raised:
            ask(client(daemon.url), "broken")
        assert time.monotonic() - began < 5
        assert raised.value.status_code == 502
        assert raised.value.code == "missing_weights"
        assert "missing.gguf" in raised.value.message
        failed = home.run("load", "broken")
        assert failed.returncode == 6
        assert "missing.gguf" in failed.stderr


def test_an_engine_that_is_not_installed_is_refused_before_anything_starts(home: Home) -> None:
    fleet = "models: {big: {engine: vllm, model: org/big, executable: /nowhere/vllm, devices: [cpu]}}\n"
    done = home.run("up", "-f", home.fleet(fleet + "lint: {model_ids: off}"))
    assert done.returncode == 3
    assert "remuda.yaml:1:" in done.stderr
    assert "/nowhere/vllm" in done.stderr


def test_ttl_stops_an_idle_model(home: Home) -> None:
    with home.up(home.fleet(PAIR.replace("memory: 200MiB,", "memory: 200MiB, ttl: 200ms,", 1))) as daemon:
        ask(client(daemon.url), "tiny-a")
        pid = daemon.wait_until("tiny-a", "stopped")["pid"]
        assert pid is None


def test_load_unload_logs_and_ps(home: Home) -> None:
    with home.up(home.fleet(PAIR)) as daemon:
        assert home.run("load", "tiny-a").returncode == 0
        assert daemon.ps()["tiny-a"]["state"] == "ready"
        assert "load_model" in home.run("logs", "tiny-a", "-n", "500").stdout
        assert home.run("unload", "tiny-a").returncode == 0
        daemon.wait_until("tiny-a", "stopped")
        unknown = home.run("load", "tiny-c")
        assert unknown.returncode == 2
        assert "hint: write `tiny-" in unknown.stderr


def test_an_external_server_is_one_more_model(home: Home) -> None:
    inner = home.fleet(PAIR, "inner.yaml")
    with home.up(inner) as backend:
        fleet = f"models: {{elsewhere: {{url: '{backend.url}', model: tiny-b}}}}\nlint: {{model_ids: off}}"
        with home.up(home.fleet(fleet)) as daemon:
            assert ask(client(daemon.url), "elsewhere") == "tiny-b"
            backend.end(signal.SIGTERM)
            with pytest.raises(openai.APIStatusError):
                ask(client(daemon.url), "elsewhere")


def test_only_narrows_the_fleet(home: Home) -> None:
    with home.up(home.fleet(PAIR), "--only", "tiny-b") as daemon:
        assert list(daemon.ps()) == ["tiny-b"]
        assert home.run("up", "-f", home.fleet(PAIR, "other.yaml"), "--only", "nope").returncode == 2


def test_a_reader_that_leaves_does_not_end_the_daemon(home: Home) -> None:
    argv = [sys.executable, "-m", "remuda", "up", "-f", str(home.fleet(PAIR)), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(argv, env=home.environment, cwd=home.path, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        url = daemon.stdout.readline().split()[-1].removesuffix("/v1")
        daemon.stdout.close()
        assert [ask(client(url), model) for model in ("tiny-a", "tiny-b")] == ["tiny-a", "tiny-b"]
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
