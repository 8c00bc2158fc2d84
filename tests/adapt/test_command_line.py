from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.command_line import CommandLine, read
from remuda.engines import ENGINES
from remuda.engines.contract import Order


def line(text: str, environment: dict[str, str] | None = None) -> CommandLine:
    found = read(shlex.split(text), environment)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vllm serve org/m --max-model-len 8", CommandLine("vllm", None, "org/m", {"max-model-len": 8})),
        ("/opt/venv/bin/vllm serve org/m", CommandLine("vllm", "/opt/venv/bin/vllm", "org/m")),
        (
            "python3 -m vllm.entrypoints.openai.api_server --model org/m --port 8000 --host 0.0.0.0",
            CommandLine("vllm", None, "org/m", host="0.0.0.0", port=8000),  # noqa: S104 (as people write it)
        ),
        (
            "/v/bin/python -u -m vllm.entrypoints.openai.api_server --model=org/m --served-model-name a b",
            CommandLine("vllm", "/v/bin/vllm", "org/m", served_names=("a", "b")),
        ),
        (
            "llama-server -m /m/x.gguf -ngl 99 --port ${PORT} -a a,b",
            CommandLine("llama-cpp", None, "/m/x.gguf", {"n-gpu-layers": 99}, served_names=("a", "b")),
        ),
        ("/app/llama-server -hf org/m:Q4", CommandLine("llama-cpp", "/app/llama-server", "org/m:Q4")),
        ("./server -m models/7b -c 4", CommandLine("llama-cpp", "./server", "./models/7b", {"ctx-size": 4})),
        (
            "env LLAMA_ARG_MODEL=/m.gguf LLAMA_ARG_PORT=9 B=2 llama-server",
            CommandLine("llama-cpp", None, "/m.gguf", environment={"B": "2"}, port=9),
        ),
        (
            "python -m sglang.launch_server --model-path org/m --tp 2",
            CommandLine("sglang", None, "org/m", {"tp-size": 2}),
        ),
        ("exec sglang serve --model org/m", CommandLine("sglang", None, "org/m")),
        (
            "OLLAMA_HOST=127.0.0.1:11500 OLLAMA_DEBUG=1 ollama serve",
            CommandLine("ollama", environment={"OLLAMA_DEBUG": "1"}, host="127.0.0.1", port=11500),
        ),
    ],
)
def test_a_known_engine(text: str, expected: CommandLine) -> None:
    assert line(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "vllm", "vllm bench serve", "ollama run x", "whisper-server --port 1", "python app.py", "python -m http"),
        *("llama-server --models-preset x.ini", "server --port 1", "A=1", "python3 -m vllm"),
    ],
)
def test_what_starts_no_engine_that_is_known(text: str) -> None:
    assert read(shlex.split(text)) is None


def test_variables_choose_devices() -> None:
    found = line("CUDA_VISIBLE_DEVICES=1 llama-server -m /x.gguf", {"CUDA_VISIBLE_DEVICES": "0", "A": "1"})
    assert found.devices == ("cuda1",)
    assert found.environment == {"A": "1"}
    assert found.notes == {("devices",): "CUDA_VISIBLE_DEVICES=1 there, counted by PCI address here"}


def test_what_cannot_be_kept_is_said() -> None:
    found = line("numactl -N 0 vllm serve m --uds /s --ssl-keyfile k --seed 1 --seed 2 extra")
    assert found.settings == {"seed": 2}
    assert [(remark.path, remark.message.split(":")[0]) for remark in found.remarks] == [
        ((), "`numactl -N 0` is left out"),
        (("settings", "seed"), "`--seed` is given more than once; the last one counts"),
        ((), "`uds` is left out"),
        ((), "`ssl-keyfile` is left out"),
        ((), "the word `extra` belongs to no flag and is left out"),
    ]
    assert {remark.severity for remark in found.remarks} == {"warning"}


def test_words_that_are_no_flags_are_left_out() -> None:
    found = read(["vllm", "serve", "o/m", "--model a/b", "--max-model-len", "1"])
    assert found
    assert found.settings == {"max-model-len": 1}
    assert "`--model a/b` is left out: it is not the name of a flag" in [remark.message for remark in found.remarks]


def test_the_entry_of_a_model() -> None:
    found = line("A=1 CUDA_VISIBLE_DEVICES=0 /opt/vllm serve org/m --port 1 --seed 2 --served-model-name x")
    assert found.entry() == {
        "engine": "vllm",
        "executable": "/opt/vllm",
        "model": "org/m",
        "devices": ["cuda0"],
        "settings": {"seed": 2},
        "environment": {"A": "1"},
    }
    assert line("ollama serve").entry() == {"engine": "ollama"}


SETTINGS: dict[str, dict[str, Any]] = {
    "vllm": {"max-model-len": 8192, "enforce-eager": True, "lora-modules": ["a=b", "c=d"], "dtype": "-x"},
    "llama-cpp": {"n-gpu-layers": 99, "flash-attn": True, "mmap": False, "chat-template-kwargs": {"a": [1]}},
    "sglang": {"tp-size": 2, "mem-fraction-static": 0.8, "trust-remote-code": True},
    "ollama": {},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_an_engine_launches_is_read_back(name: str) -> None:
    engine = ENGINES[name]
    program = {"llama-cpp": ("llama-server",), "sglang": ("python", "-m", "sglang.launch_server")}.get(name, (name,))

    @given(
        st.builds(
            Order,
            model_id=st.just("m"),
            program=st.just(program),
            host=st.just("127.0.0.1"),
            port=st.integers(1, 65535),
            model=st.sampled_from(["/m.gguf", "org/m", "./a b.gguf"]),
            settings=st.sets(st.sampled_from(sorted(SETTINGS[name]) or ["-"])).map(
                lambda keys: {key: SETTINGS[name][key] for key in keys & SETTINGS[name].keys()}
            ),
        )
    )
    def same(order: Order) -> None:
        launch = engine.launch(order)
        found = read(launch.argv, launch.environment)
        assert found is not None
        assert (found.host, found.port, found.executable) == (order.host, order.port, None)
        assert found.model == (None if name == "ollama" else order.model)
        again = Order("m", program, order.host, order.port, order.model, settings=found.settings)
        assert engine.launch(again).argv == launch.argv

    same()


WORDS = ["vllm", "serve", "llama-server", "-m", "--port", "1", "env", "A=1", "python3", "--", "x", "--seed"]


@given(st.lists(st.sampled_from(WORDS)))
def test_any_words_are_read_or_none(words: list[str]) -> None:
    found = read(words)
    assert found is None or found.engine in ENGINES
