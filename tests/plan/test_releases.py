from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from remuda.errors import Problem
from remuda.plan.check import check
from tests.spec.reading import lines

NEVER = "no release of vLLM from 0.8.0 to 0.33.0 has the flag"
OFFICIAL = "docker.io/vllm/vllm-openai"


def fleet(settings: Mapping[str, Any], environment: Mapping[str, str] | None = None, **keys: object) -> str:
    """A fleet of one vLLM in the official image, on one line."""
    model = {"engine": "vllm", "runtime": "podman", "image": OFFICIAL, "model": "m", **keys}
    model |= {"settings": dict(settings), "environment": dict(environment or {})}
    return json.dumps({"models": {"a-1b-cpu": model}})


def problems(text: str) -> list[Problem]:
    return [
        problem
        for problem in check(text, "f").problems
        if "flag `" in problem.message or "variable `" in problem.message or "VLLM_" in problem.message
    ]


def said(text: str) -> list[tuple[str, str, str | None]]:
    """Severity, message without the place, and hint."""
    return [(found.severity, found.message.partition(": ")[2], found.hint) for found in problems(text)]


@pytest.mark.parametrize(
    ("settings", "tag", "expected"),
    [
        (
            {"swap-space": 4},
            "v0.20.0",
            ("error", "vLLM 0.20.0 has no flag `--swap-space`: it is gone since 0.18.0"),
        ),
        (
            {"runner": "pooling"},
            "v0.9.2",
            ("error", "vLLM 0.9.2 has no flag `--runner`: it came with 0.10.1"),
        ),
        (
            {"max-modle-len": 4096},
            "v0.20.0-cu129",
            ("error", f"{NEVER} `--max-modle-len`"),
        ),
        (
            {"headless": False},
            "v0.20.0",
            ("error", f"{NEVER} `--no-headless`"),
        ),
        (
            {"swap-space": 4},
            "nightly",
            (
                "warning",
                "newer vLLM has no flag `--swap-space`: it is gone since 0.18.0; which release runs is not known",
            ),
        ),
        (
            {"max-modle-len": 4096},
            "v99.0.0",
            ("warning", f"{NEVER} `--max-modle-len`"),
        ),
    ],
)
def test_a_flag_that_the_release_does_not_know(
    settings: Mapping[str, Any], tag: str, expected: tuple[str, str]
) -> None:
    assert [found[:2] for found in said(fleet(settings, tag=tag))] == [expected]


@pytest.mark.parametrize(
    ("settings", "tag", "hint"),
    [
        ({"max-modle-len": 4096}, "v0.20.0", "write `max-model-len`"),
        ({"task": "embed"}, "v0.20.0", "use `runner` and `convert`"),
        ({"swap-space": 4}, "v0.20.0", "remove it; it had no effect any more"),
        ({"runner": "pooling"}, "v0.9.2", "remove it, or pin 0.10.1 or newer"),
        ({"headless": False}, "v0.20.0", "write `null` to leave it out: this flag has no negative form"),
        ({"quite-another-thing-x": 1}, "v0.20.0", "remove it, or pin a release that has it"),
    ],
)
def test_what_to_do_about_it(settings: Mapping[str, Any], tag: str, hint: str) -> None:
    assert [found[2] for found in said(fleet(settings, tag=tag))] == [hint]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_model_len": 4096},
        {"max-model-le": 4096},  # its parser takes the beginning of a flag
        {"compilation-config.mode": 3},
        {"tp": 2},
        {"O": 3},
        {"enforce-eager": False},
        {"swap-space": None},
        {"served-model-name": "x"},  # said elsewhere
        {"max model len": 1},  # said elsewhere
    ],
)
def test_what_vllm_takes(settings: Mapping[str, Any]) -> None:
    assert said(fleet(settings, tag="v0.20.0")) == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"VLLM_USE_V1": "1"},
            [
                (
                    "warning",
                    "vLLM 0.20.0 has no variable `VLLM_USE_V1`: it is gone since 0.11.1",
                    "remove it; every release since 0.11.0 is V1",
                )
            ],
        ),
        (
            {"VLLM_LOGING_LEVEL": "DEBUG"},
            [
                (
                    "warning",
                    "no release of vLLM from 0.8.0 to 0.33.0 has the variable `VLLM_LOGING_LEVEL`",
                    "write `VLLM_LOGGING_LEVEL`",
                )
            ],
        ),
        ({"VLLM_OF_A_PLUGIN_OF_OURS": "1", "VLLM_LOGGING_LEVEL": "DEBUG", "HF_HOME": "/x"}, []),
    ],
)
def test_variables_are_worth_a_warning(
    environment: Mapping[str, str], expected: list[tuple[str, str, str | None]]
) -> None:
    assert said(fleet({}, environment, tag="v0.20.0")) == expected


@pytest.mark.parametrize(
    "keys",
    [
        {"image": "docker.io/aiinfos/vllm-gfx906-mobydick", "tag": "v0.20.0"},
        {"image": "localhost/ours", "tag": "v0.20.0"},
    ],
)
def test_a_fork_may_have_what_releases_lost_or_never_had(keys: Mapping[str, Any]) -> None:
    assert said(fleet({"swap-space": 4, "gfx906-wave-trick-x": 1}, **keys)) == []
    assert [found[0] for found in said(fleet({"max-modle-len": 4}, **keys))] == ["warning"]


@pytest.mark.parametrize(
    "keys",
    [
        {"runtime": "process", "image": None},
        {"digest": "sha256:" + "0" * 64},
        {"tag": "v0.23.1rc0"},
        {"tag": "latest"},
    ],
)
def test_a_release_that_is_not_pinned_is_said_to_be_unknown(keys: Mapping[str, Any]) -> None:
    (found,) = said(fleet({"swap-space": 4}, **keys))
    assert found[0] == "warning"
    assert found[1].endswith("which release runs is not known")


@pytest.mark.parametrize(
    "image",
    [
        "vllm/vllm-openai",
        "mirror.example/vllm/vllm-openai-rocm",
        "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo",
    ],
)
def test_official_images_have_several_names_and_mirrors(image: str) -> None:
    assert [found[0] for found in said(fleet({"swap-space": 4}, image=image, tag="0.20.0"))] == ["error"]


DEFAULTS = """\
engines:
  vllm: {image: vllm/vllm-openai, tag: v0.20.0, settings: {swap-space: 4, max-modle-len: 1}}
models:
  a-1b-cuda0: {engine: vllm, runtime: podman, model: m}
  b-1b-cuda0: {engine: vllm, runtime: podman, model: m, tag: v0.17.0}
  c-1b-cuda0: {engine: vllm, model: m, settings: {swap_space: null}}
"""


def test_defaults_are_judged_for_each_release_that_they_run_in_and_said_once() -> None:
    assert lines(problems(DEFAULTS)) == [
        "2:60 `engines.vllm.settings.swap-space`: vLLM 0.20.0 has no flag `--swap-space`: it is gone since 0.18.0",
        f"2:75 `engines.vllm.settings.max-modle-len`: {NEVER} `--max-modle-len`",
    ]


@pytest.mark.parametrize("tag", ["server-cuda-b11063", "b11549"])
def test_llama_cpp_by_build(tag: str) -> None:
    text = f"""models: {{a-1b-cpu: {{engine: llama-cpp, runtime: podman, image: ghcr.io/ggml-org/llama.cpp, tag: {tag},
        model: m.gguf, settings: {{mlock: true, ctx-sise: 1, ngl: 99, flash-attn: on}}}}}}"""
    assert [(found[0], found[2]) for found in said(text)] == [
        ("error", "use `load-mode`"),
        ("error", "write `ctx-size`"),
    ]


def test_a_build_between_two_that_were_read_may_have_a_flag_that_neither_has() -> None:
    text = """models: {a-1b-cpu: {engine: llama-cpp, runtime: podman, image: ghcr.io/ggml-org/llama.cpp, tag: b11300,
        model: m.gguf, settings: {mlock: true, ctx-sise: 1, quite-another-thing-x: 1}}}"""
    assert [found[0] for found in said(text)] == ["error", "warning"]


@pytest.mark.parametrize("settings", ["{1: 2}", "[swap-space]", "swap-space", "{swap-space: {a: b}, 2020-01-01: 1}"])
def test_settings_of_another_shape_are_said_elsewhere(settings: str) -> None:
    text = f"models: {{a-1b-cpu: {{engine: vllm, model: m, settings: {settings}, environment: {settings}}}}}"
    check(text, "f")


UPGRADES = [
    # From, to, and what the notes of the release name as removed, by their pull requests.
    ("0.8.2", "0.8.3", ["speculative-model", "num-speculative-tokens", "ngram-prompt-lookup-max"]),  # 15466
    ("0.9.2", "0.10.0", ["device", "enable-reasoning", "tokenizer-pool-size", "prompt-adapters"]),  # 20979, 20588
    ("0.10.0", "0.10.1", ["num-scheduler-steps", "multi-step-stream-outputs"]),  # 22138
    ("0.10.2", "0.11.0", ["preemption-mode", "disable-async-output-proc", "scheduler-delay-factor"]),  # 25334
    ("0.11.0", "0.11.1", ["rope-scaling", "rope-theta", "enable-lora-bias", "VLLM_USE_V1"]),  # 28006, 25807, 28204
    ("0.11.2", "0.12.0", ["guided-decoding-backend", "override-pooler-config", "num-lookahead-slots"]),  # 29326, 29402
    ("0.12.0", "0.13.0", ["task", "disable-mm-preprocessor-cache", "cuda-graph-sizes"]),  # 30397, 30396
    ("0.14.1", "0.15.0", ["VLLM_ATTENTION_BACKEND", "VLLM_FLASH_ATTN_VERSION"]),  # 32812
    ("0.15.1", "0.16.0", ["VLLM_ALL2ALL_BACKEND", "VLLM_TORCH_PROFILER_DIR"]),  # 33535, 33536
    ("0.16.0", "0.17.0", ["logits-processor-pattern"]),  # 34400
    ("0.17.1", "0.18.0", ["swap-space", "VLLM_FUSED_MOE_CHUNK_SIZE"]),  # 36216, 34086
    ("0.19.1", "0.20.0", ["VLLM_MOE_DP_CHUNK_SIZE"]),  # 39107
]


@pytest.mark.parametrize(("before", "after", "removed"), UPGRADES, ids=lambda value: value if "." in value else "")
def test_what_an_upgrade_removes_is_reported(before: str, after: str, removed: list[str]) -> None:
    settings = {name: "1" for name in removed if not name.startswith("VLLM_")}
    environment = {name: "1" for name in removed if name.startswith("VLLM_")}
    assert said(fleet(settings, environment, tag=f"v{before}")) == []
    found = said(fleet(settings, environment, tag=f"v{after}"))
    assert len(found) == len(removed)
    assert all(f"it is gone since {after}" in message for _, message, _ in found)
    assert all(hint and not hint.startswith("write") for _, _, hint in found)


def test_a_fleet_of_200_models_is_judged_in_less_than_a_second() -> None:
    settings = {"max-model-len": 4096, "gpu-memory-utilization": 0.9, "enable-prefix-caching": True, "swap-space": 4}
    model = {"engine": "vllm", "runtime": "podman", "model": "m", "settings": settings}
    models = {f"model{number}-1b-cuda0": model for number in range(200)}
    text = json.dumps({"engines": {"vllm": {"image": OFFICIAL, "tag": "v0.20.0"}}, "models": models})
    started = time.process_time()
    assert len(problems(text)) == 200
    assert time.process_time() - started < 1.0


CONTRACT = {
    "VLLM_GPU_MEMORY_UTILIZATION": "write `gpu-memory-utilization` under `settings`: it is a flag",
    "VLLM_MAX_MODEL_LEN": "write `max-model-len` under `settings`: it is a flag",
    "GPU_MEM_UTIL": "write `gpu-memory-utilization` under `settings`: it is a flag",
    "MAX_MODEL_LEN": "write `max-model-len` under `settings`: it is a flag",
    "MODEL_PATH": "write `model:` beside `engine:`",
    "VLLM_HOST": "remove it; the gateway is the address that clients use",
    "VLLM_PORT": "remove it; write `port:` beside `engine:` to fix the port",
    "VLLM_LOG_LEVEL": "write `VLLM_LOGGING_LEVEL`",
}
"""What the compose file and the start script of one container set and read, each by names of its own."""


@pytest.mark.parametrize(("name", "hint"), CONTRACT.items())
@pytest.mark.parametrize("keys", [{"tag": "v0.12.0"}, {"image": "vllm-rocm-nix", "tag": "latest"}])
def test_a_variable_that_nobody_reads(name: str, hint: str, keys: Mapping[str, str]) -> None:
    ((severity, _, found),) = said(fleet({}, {name: "0.48"}, **keys))
    assert (severity, found) == ("warning", hint)


def test_a_variable_of_the_build_changes_nothing_afterwards() -> None:
    ((severity, message, hint),) = said(fleet({}, {"VLLM_CPU_DISABLE_AVX512": "1"}, tag="v0.12.0"))
    assert (severity, hint) == ("warning", "remove it")
    assert message == "`VLLM_CPU_DISABLE_AVX512` is read when vLLM is built, not when it runs"


@pytest.mark.parametrize("name", ["HF_TOKEN", "PORT", "SEED", "VLLM_HOST_IP", "VLLM_ROCM_USE_AITER", "VLLM_PLUGIN_OWN"])
def test_a_variable_that_somebody_may_read(name: str) -> None:
    assert said(fleet({}, {name: "1"}, tag="v0.12.0")) == []
