from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from remuda.edge.tiny_gguf import write_tiny_model
from tests.edge.embedded import COMMAND, ask, run, server


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "range.gguf"
    write_tiny_model(path, "range")
    return path


def test_serves_the_apis_that_llama_server_serves(model: Path) -> None:
    flags = ("--alias", "mare", "--metrics", "--parallel", "2", "--ctx-size", "1024", "--jinja", "-fa", "off")
    with server(model, *flags, "--cache-type-k", "f32", "--n-gpu-layers", "0") as (_, url):
        assert ask(f"{url}/health") == (200, {"status": "ok"})
        assert ask(f"{url}/v1/models")[1]["data"][0]["id"] == "mare"
        _, chat = ask(f"{url}/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4})
        assert len(chat["choices"][0]["message"]["content"].split()) == 4
        _, completion = ask(f"{url}/v1/completions", {"prompt": "Once", "max_tokens": 4})
        assert len(completion["choices"][0]["text"].split()) == 4
        assert "llamacpp:prompt_tokens_total" in ask(f"{url}/metrics")[1]
        assert [slot["n_ctx"] for slot in ask(f"{url}/slots")[1]] == [512, 512]


def test_serves_embeddings(model: Path) -> None:
    with server(model, "--embeddings") as (_, url):
        status, answer = ask(f"{url}/v1/embeddings", {"input": ["a horse", "the sea"]})
    first, second = (entry["embedding"] for entry in answer["data"])
    assert status == 200
    assert len(first) == 64
    assert first != second


def test_asks_for_the_api_key(model: Path) -> None:
    with server(model, "--api-key", "one,two") as (_, url):
        assert ask(f"{url}/v1/completions", {"prompt": "x"})[0] == 401
        assert ask(f"{url}/v1/completions", {"prompt": "x", "max_tokens": 1}, authorization="Bearer two")[0] == 200


def test_uses_a_chat_template_from_a_file(model: Path, tmp_path: Path) -> None:
    template = tmp_path / "template.jinja"
    template.write_text("{{ messages[0]['content'] }}!")
    with server(model, "--chat-template-file", str(template)) as (_, url):
        _, applied = ask(f"{url}/apply-template", {"messages": [{"role": "user", "content": "whoa"}]})
    assert applied["prompt"] == "whoa!"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_at_once_although_a_stream_is_open(model: Path, number: signal.Signals) -> None:
    with server(model) as (process, url):
        address = url.removeprefix("http://").split(":")
        body = b'{"prompt": "x", "stream": true, "ignore_eos": true, "max_tokens": 100000}'
        with socket.create_connection((address[0], int(address[1]))) as client:
            client.sendall(b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            assert client.recv(9) == b"HTTP/1.1 "
            process.send_signal(number)
            # It may answer health before its constructor has returned, and then still ends by the signal itself.
            assert process.wait(5) in {0, -number}


def test_ends_whenever_the_signal_comes(model: Path) -> None:
    """Around the instant at which the wheel has loaded and installs handlers of its own."""
    for _ in range(8):
        with server(model) as (process, _):
            process.terminate()
            assert process.wait(5) in {0, -signal.SIGTERM}


def test_ends_at_once_while_it_loads(model: Path) -> None:
    # So much context takes it seconds to clear.
    process = subprocess.Popen(
        (*COMMAND, "--model", str(model), "--port", "0", "--ctx-size", "4000000", "--fit", "off"),
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr
        while b"load_model: loading model" not in process.stderr.readline():
            pass
        process.terminate()
        assert process.wait(2) == -signal.SIGTERM
    finally:
        process.kill()
        process.communicate()


def test_outlives_its_parent(model: Path, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        shell = subprocess.run(
            ("sh", "-c", '"$@" >/dev/null & echo $!', "sh", *COMMAND, "--model", str(model), "--port", "0"),
            stdout=subprocess.PIPE, stderr=log, check=True,
        )  # fmt: skip
    pid = int(shell.stdout)
    while "listening on" not in (tmp_path / "log").read_text():
        os.kill(pid, 0)
    os.kill(pid, signal.SIGTERM)
    while _runs(pid):
        pass


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_names_everything_that_is_wrong_with_the_command_line() -> None:
    ended = run("--ctxsize", "4096", "--port", "http", "--n-gpu-layers", "most", "--hf-repo", "org/name")
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "error: no such flag in the embedded llama.cpp: `--ctxsize` (write `--ctx-size`)",
        "error: cannot use `http` for `--port`: expected a whole number",
        "error: cannot use `most` for `--n-gpu-layers`: expected a whole number",
        (
            "error: no such flag in the embedded llama.cpp: `--hf-repo` "
            "(give a file, or install `llama-server`, which can download)"
        ),
    ]


def test_needs_a_model() -> None:
    ended = run("--port", "0")
    assert (ended.returncode, ended.stderr) == (
        2,
        "error: expected `--model FILE`: the embedded llama.cpp serves one file\n",
    )


def test_says_that_the_model_is_missing(tmp_path: Path) -> None:
    ended = run("--model", str(tmp_path / "none.gguf"))
    assert ended.returncode == 1
    assert f"failed to open GGUF file '{tmp_path}/none.gguf' (No such file or directory)" in ended.stderr


def test_says_that_the_port_is_taken(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("--model", str(model), "--host", "127.0.0.1", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "couldn't bind HTTP server socket" in ended.stderr


def test_refuses_a_value_that_the_wheel_refuses(model: Path) -> None:
    ended = run("--model", str(model), "--ctx-size", "99999999999999999999")
    assert ended.returncode == 2
    assert "error: cannot use `99999999999999999999` as n_ctx: " in ended.stderr


def test_says_which_variables_it_ignores(tmp_path: Path) -> None:
    ended = run("--model", str(tmp_path / "none"), env={**os.environ, "LLAMA_ARG_CTX_SIZE": "1"})
    assert "warning: the embedded llama.cpp ignores `LLAMA_ARG_CTX_SIZE`" in ended.stderr
