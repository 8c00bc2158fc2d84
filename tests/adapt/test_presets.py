from __future__ import annotations

from remuda.adapt import presets
from tests.adapt.files import said, source

TEXT = """\
version = 1 ; reserved
; shared
[*]
c = 8192
n-gpu-layers = 8
LLAMA_ARG_CACHE_RAM = 0

[ggml-org/MY-MODEL-GGUF:Q8_0]
chat-template = chatml  # a comment
jinja = true
mmap = 0
no-perf = on
load-on-startup = true
temp = 0.80
port = 9
chat-template-kwargs = {"effort": "high"}

[own]
model = ./m.gguf
new-flag = 3
[bad name!]
model = /m
[empty]
"""


def test_presets() -> None:
    made = presets.adapt(source(TEXT))
    assert made.data == {
        "engines": {
            "llama-cpp": {
                "settings": {"ctx-size": 8192, "n-gpu-layers": 8},
                "environment": {"LLAMA_ARG_CACHE_RAM": "0"},
            }
        },
        "models": {
            "ggml-org/MY-MODEL-GGUF:Q8_0": {
                "engine": "llama-cpp",
                "model": "ggml-org/MY-MODEL-GGUF:Q8_0",
                "preload": True,
                "settings": {
                    "chat-template": "chatml",
                    "jinja": True,
                    "mmap": False,
                    "perf": False,
                    "temp": 0.8,
                    "chat-template-kwargs": {"effort": "high"},
                },
            },
            "own": {"engine": "llama-cpp", "model": "./m.gguf", "settings": {"new-flag": 3}},
        },
    }
    assert made.notes == {("models", "own", "model"): "from where llama-server was started"}
    assert said(made) == [
        "20:1 warning: `--new-flag` is not known to be a flag of `llama-cpp`; `3` is taken for its value",
        "21:1 warning: `[bad name!]` is left out: clients could not ask for a model of that name",
        "23:1 warning: `[empty]` is left out: expected `model` or `hf-repo` in it",
    ]


def test_what_is_no_file_of_presets_is_refused() -> None:
    made = presets.adapt(source("a = 1\nwhat\n"))
    assert said(made) == [
        "1:1 warning: `a` stands before all sections and is left out",
        "2:1 cannot read this line: expected `[name]` or `key = value`",
    ]
