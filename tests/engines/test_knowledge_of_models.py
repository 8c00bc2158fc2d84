"""What engines tell about a model without running it: context, capabilities, and what each release serves itself."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from remuda.engines import ENGINES
from remuda.spec.model import Capability


@pytest.mark.parametrize(
    ("engine", "settings", "environment", "expected"),
    [
        ("vllm", {"max-model-len": 180000}, {}, 180000),
        ("vllm", {"max_model_len": "32768"}, {}, 32768),
        ("vllm", {"max-model-len": "180k"}, {}, 180_000),
        ("vllm", {"max-model-len": "1.5m"}, {}, 1_500_000),
        ("vllm", {"max-model-len": "128K"}, {}, 131_072),
        ("vllm", {"max-model-len": "1.5K"}, {}, None),
        ("vllm", {"max-model-len": "auto"}, {}, None),
        ("vllm", {"max-model-len": -1}, {}, None),
        ("vllm", {"max-model-len": "${env:LENGTH}"}, {}, None),
        ("vllm", {}, {}, None),
        ("sglang", {"context-length": 8192}, {}, 8192),
        ("sglang", {}, {}, None),
        ("llama-cpp", {"ctx-size": 8192}, {}, 8192),
        ("llama-cpp", {"c": 8192}, {}, 8192),
        ("llama-cpp", {"ctx-size": 0}, {}, None),
        ("llama-cpp", {"ctx-size": 8192, "parallel": 4}, {}, 2048),
        ("llama-cpp", {"c": 8192, "np": 4, "kv-unified": True}, {}, 8192),
        ("llama-cpp", {"c": 8192, "np": 4, "kvu": False}, {"LLAMA_ARG_KV_UNIFIED": "1"}, 2048),
        ("llama-cpp", {"c": 8192, "np": 4, "no-kvu": True}, {"LLAMA_ARG_KV_UNIFIED": "1"}, 2048),
        ("llama-cpp", {"c": 8192, "np": -1}, {}, 8192),
        ("llama-cpp", {"c": 8192, "np": 4, "kvu": True, "kv-unified-per-slot": 4096}, {}, 4096),
        ("llama-cpp", {"np": 4, "kv-unified-per-slot": 4096}, {}, 4096),
        ("llama-cpp", {}, {"LLAMA_ARG_CTX_SIZE": "4096", "LLAMA_ARG_N_PARALLEL": "2"}, 2048),
        ("llama-cpp", {"ctx-size": 8192}, {"LLAMA_ARG_CTX_SIZE": "4096", "LLAMA_ARG_KV_UNIFIED": "on"}, 8192),
        ("ollama", {}, {"OLLAMA_CONTEXT_LENGTH": "8192"}, 8192),
        ("ollama", {}, {}, None),
        ("command", {}, {}, None),
    ],
)
def test_context_length(
    engine: str, settings: dict[str, Any], environment: dict[str, str], expected: int | None
) -> None:
    assert ENGINES[engine].context_length(settings, environment) == expected


@pytest.mark.parametrize(
    ("engine", "settings", "expected"),
    [
        ("vllm", {}, {"completion", "chat"}),
        (
            "vllm",
            {"enable-auto-tool-choice": True, "reasoning_parser": "qwen3"},
            {"completion", "chat", "tools", "thinking"},
        ),
        ("vllm", {"runner": "pooling"}, {"embedding"}),
        ("vllm", {"task": "embed"}, {"embedding"}),
        ("vllm", {"runner": "pooling", "convert": "classify"}, {"reranking"}),
        ("sglang", {"is-embedding": True}, {"embedding"}),
        (
            "sglang",
            {"tool-call-parser": "qwen25", "enable-multimodal": True},
            {"completion", "chat", "tools", "vision"},
        ),
        ("llama-cpp", {}, {"completion", "chat", "tools"}),
        ("llama-cpp", {"jinja": False}, {"completion", "chat"}),
        ("llama-cpp", {"no-jinja": True, "mmproj": "p.gguf"}, {"completion", "chat", "vision"}),
        ("llama-cpp", {"embeddings": True}, {"embedding"}),
        ("llama-cpp", {"embedding": True, "reranking": True}, {"reranking"}),
        ("ollama", {}, {"completion", "chat"}),
        ("command", {}, set()),
    ],
)
def test_capabilities(engine: str, settings: dict[str, Any], expected: set[str]) -> None:
    found = ENGINES[engine].capabilities(settings)
    assert found == expected
    assert found <= set(get_args(Capability))


MESSAGES, COUNT, RESPONSES, CHAT = "/v1/messages", "/v1/messages/count_tokens", "/v1/responses", "/api/chat"


@pytest.mark.parametrize(
    ("engine", "version", "has", "lacks"),
    [
        ("vllm", None, set(), {MESSAGES, COUNT, RESPONSES, CHAT}),
        ("vllm", "0.11.0", set(), {MESSAGES}),
        ("vllm", "0.11.1", {MESSAGES}, {COUNT, RESPONSES}),
        ("vllm", "0.32.0", {MESSAGES, COUNT, RESPONSES, "/tokenize"}, {CHAT}),
        ("sglang", "0.5.8", set(), {MESSAGES, COUNT, RESPONSES}),
        ("sglang", "0.5.9", {MESSAGES, COUNT}, {RESPONSES, CHAT}),
        ("sglang", "0.5.23", {MESSAGES, COUNT, RESPONSES}, {CHAT}),
        ("llama-cpp", "b7000-abc", set(), {MESSAGES, COUNT, RESPONSES}),
        ("llama-cpp", "b7500-abc", {MESSAGES, COUNT}, {RESPONSES}),
        ("llama-cpp", "b11549", {MESSAGES, COUNT}, {RESPONSES, CHAT}),
        ("llama-cpp", "b0-unknown", set(), {MESSAGES}),
        ("ollama", None, {CHAT, "/api/generate"}, {MESSAGES, RESPONSES, "/api/embed"}),
        ("ollama", "0.13.3", {CHAT, "/api/embed", RESPONSES}, {MESSAGES}),
        ("ollama", "0.31.0", {CHAT, RESPONSES, MESSAGES}, {COUNT}),
        ("command", "9", set(), {MESSAGES, COUNT, RESPONSES, CHAT}),
    ],
)
def test_what_a_release_serves_itself(engine: str, version: str | None, has: set[str], lacks: set[str]) -> None:
    found = ENGINES[engine].apis(version)
    assert has <= found
    assert not lacks & found


@pytest.mark.parametrize("name", ENGINES)
def test_where_a_running_engine_is_asked(name: str) -> None:
    engine = ENGINES[name]
    assert all(part.startswith("/") for part in engine.VERSION or ())
    assert (engine.METRICS or "/").startswith("/")
    assert engine.HAS_TIMINGS is (name == "llama-cpp")
