from __future__ import annotations

from pathlib import PurePosixPath

from remuda.adapt import ollama
from remuda.adapt.contract import Source
from tests.adapt.files import InMemory, said, source


def test_installed_models() -> None:
    library = "models/manifests/registry.ollama.ai"
    files = {
        f"{library}/library/qwen3/8b": b"{}",
        f"{library}/library/llama3/latest": b"{}",
        f"{library}/me/mine/v1": b"{}",
        "models/manifests/hf.co/org/m-GGUF/Q4": b"{}",
        "models/manifests/.DS_Store": b"",
        "models/blobs/sha256-00": b"",
    }
    made = ollama.adapt(Source(PurePosixPath("models"), InMemory(files), PurePosixPath("/h/models")))
    environment = {"OLLAMA_MODELS": "/h/models"}
    assert made.data["models"] == {
        "hf.co/org/m-GGUF:Q4": {"engine": "ollama", "model": "hf.co/org/m-GGUF:Q4", "environment": environment},
        "llama3:latest": {
            "engine": "ollama",
            "model": "llama3:latest",
            "environment": environment,
            "aliases": ["llama3"],
        },
        "qwen3:8b": {"engine": "ollama", "model": "qwen3:8b", "environment": environment},
        "me/mine:v1": {"engine": "ollama", "model": "me/mine:v1", "environment": environment},
    }
    assert not made.remarks


def test_a_directory_without_models() -> None:
    made = ollama.adapt(Source(PurePosixPath("d"), InMemory({"d/x": b""})))
    assert said(made) == ["1:1 there are no models in it: expected Ollama's directory `models`, with `manifests` in it"]


MODELFILE = '''\
# mine
FROM ./q.gguf
PARAMETER num_ctx 4096
parameter temperature 0.7
PARAMETER use_mmap false
PARAMETER stop "<end>"
PARAMETER top_k many
SYSTEM """you are
PARAMETER top_p 0.1
a horse"""
ADAPTER ./l.gguf
'''


def test_a_modelfile_of_weights() -> None:
    made = ollama.adapt(source(MODELFILE, name="Modelfile"))
    assert made.data["models"] == {
        "q": {
            "engine": "llama-cpp",
            "model": "/here/q.gguf",
            "settings": {"ctx-size": 4096, "temp": 0.7, "mmap": False},
        }
    }
    assert said(made) == [
        "6:1 warning: the parameter `stop` is left out: llama.cpp has no flag for it",
        "7:1 warning: the value `many` of `top_k` is left out: expected a number",
        "8:1 warning: `SYSTEM` is left out: a model of a fleet has no key for it",
        "11:1 warning: `ADAPTER` is left out: a model of a fleet has no key for it",
    ]


def test_a_modelfile_of_another_model() -> None:
    made = ollama.adapt(source("FROM qwen3:8b\nPARAMETER num_ctx 1", name="mine.modelfile"))
    assert made.data["models"] == {"mine": {"engine": "ollama", "model": "qwen3:8b"}}
    assert said(made) == ["1:1 warning: its parameters are left out: Ollama has them for the models that it has made"]
    assert said(ollama.adapt(source("hello"))) == ["1:1 it is no Modelfile: expected a line `FROM …`"]
