from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import pytest
import xllamacpp

from remuda.edge.embedded_llama_cpp import _apply
from remuda.engines import llama_cpp_params as params
from remuda.engines.llama_cpp_params import FLAGS, Assignment, parse


@pytest.mark.parametrize(
    ("argv", "assignments"),
    [
        ("--ctx-size 4096", [("n_ctx", 4096)]),
        ("--ctx_size 4096 -c 1", [("n_ctx", 4096), ("n_ctx", 1)]),
        ("--n-gpu-layers all -ngl auto -ngl 7", [("n_gpu_layers", -2), ("n_gpu_layers", -1), ("n_gpu_layers", 7)]),
        ("--no-warmup --jinja -nocb", [("warmup", False), ("use_jinja", True), ("cont_batching", False)]),
        ("-ctk q8_0 --flash-attn on", [("cache_type_k", 8), ("flash_attn_type", 1)]),
        ("--alias a,b --host ::1,127.0.0.1", [("model_alias", {"a", "b"}), ("hostnames", ["::1", "127.0.0.1"])]),
        ("--tensor-split 3,1", [("tensor_split", [3.0, 1.0])]),
        ("--fit-target 512", [("fit_params_target", [512 * 2**20])]),
        ("--lora-scaled a:b:0.5", [("lora_adapters", [("a:b", 0.5)])]),
        ("--seed -1", [("sampling.seed", 2**32 - 1)]),
        ("--rope-scale 4", [("rope_freq_scale", 0.25)]),
        ("--rerank", [("embedding", True), ("pooling_type", 4)]),
        ("--timeout 5", [("timeout_read", 5), ("timeout_write", 5)]),
        ("--reasoning off", [("enable_reasoning", 0), ("default_template_kwargs", {"enable_thinking": "false"})]),
        ('--chat-template-kwargs {"a":[1]}', [("default_template_kwargs", {"a": "[1]"})]),
        (
            "--temp 0.5 --top-k 3",
            [("sampling.temp", 0.5), ("sampling.top_k", 3), ("sampling.user_sampling_config", 66)],
        ),
        ("--n-predict -1", [("n_predict", -1)]),
    ],
)
def test_flags_become_assignments(argv: str, assignments: list[tuple[str, Any]]) -> None:
    parsed = parse(argv.split())
    assert parsed.problems == ()
    assert [(assigned.target, assigned.value) for assigned in parsed.assignments] == assignments


def test_a_template_is_read_from_its_file() -> None:
    assert parse(["--chat-template-file", "t"]).assignments == (Assignment("chat_template", "t", is_file=True),)


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        ("--contex-size 1", "no such flag in the embedded llama.cpp: `--contex-size` (write `--ctx-size`)"),
        ("--zzzzzzzz", "no such flag in the embedded llama.cpp: `--zzzzzzzz`"),
        ("stray", "no such flag in the embedded llama.cpp: `stray`"),
        ("--port", "expected value for argument: `--port`"),
        ("--temp hot", "cannot use `hot` for `--temp`: expected a number"),
        ("--rope-scale 0", "cannot use `0` for `--rope-scale`: expected a number other than 0"),
        ("--lora-scaled a", "cannot use `a` for `--lora-scaled`: expected FILE:SCALE"),
        ("--chat-template-kwargs []", "cannot use `[]` for `--chat-template-kwargs`: expected a JSON object"),
        ("--chat-template-kwargs {", "cannot use `{` for `--chat-template-kwargs`: expected a JSON object"),
        ("--split-mode col", "cannot use `col` for `--split-mode`: expected one of none, layer, row, tensor"),
    ],
)
def test_what_is_wrong_is_named(argv: str, problem: str) -> None:
    assert parse(argv.split()).problems == (problem,)


@pytest.mark.parametrize(
    ("prefix", "enumeration", "choices"),
    [
        ("GGML_TYPE_", xllamacpp.ggml_type, params.KV_TYPES),
        ("LLAMA_LAZY_MODE_", xllamacpp.llama_lazy_mode, params.LAZY_MODES),
        ("GGML_NUMA_STRATEGY_", xllamacpp.ggml_numa_strategy, params.NUMA),
        ("LLAMA_POOLING_TYPE_", xllamacpp.llama_pooling_type, params.POOLINGS),
        ("COMMON_REASONING_FORMAT_", xllamacpp.common_reasoning_format, params.REASONING_FORMATS),
        ("LLAMA_ROPE_SCALING_TYPE_", xllamacpp.llama_rope_scaling_type, params.ROPE_SCALINGS),
        ("COMMON_SPECULATIVE_TYPE_", xllamacpp.common_speculative_type, params.SPECULATIONS),
        ("LLAMA_SPLIT_MODE_", xllamacpp.llama_split_mode, params.SPLIT_MODES),
        ("COMMON_PARAMS_SAMPLING_CONFIG_", xllamacpp.common_params_sampling_config, params.SAMPLING_BITS),
    ],
)
def test_numbers_are_those_of_the_wheel(prefix: str, enumeration: type[IntEnum], choices: Mapping[str, int]) -> None:
    assert {name: int(enumeration[prefix + re.sub(r"[^A-Z0-9]", "_", name.upper())]) for name in choices} == choices


def test_numbers_whose_words_differ_are_those_of_the_wheel() -> None:
    flash, load = xllamacpp.llama_flash_attn_type, xllamacpp.llama_load_mode
    assert [int(flash[f"LLAMA_FLASH_ATTN_TYPE_{name}"]) for name in ("AUTO", "DISABLED", "ENABLED")] == list(
        params.FLASH_ATTENTION.values()
    )
    names = ("AUTO", "NONE", "MMAP", "MLOCK", "MMAP_MLOCK", "DIRECT_IO")
    assert [int(load[f"LLAMA_LOAD_MODE_{name}"]) for name in names] == list(params.LOAD_MODES.values())


SAMPLES = ("1", "0.5", "on", "f16", "auto", "none", "mean", "layer", "linear", "isolate", "greedy", "a:1", "{}")
SPECIFIC = {
    **dict.fromkeys(("--mmproj-device", "-mmdev"), ("none",)),
    **dict.fromkeys(("--override-tensor", "-ot"), ("blk=CPU",)),
}


@pytest.mark.parametrize("name", FLAGS)
def test_the_wheel_takes_every_flag(name: str) -> None:
    """Each flag with the first value that its reader likes."""
    samples = SPECIFIC.get(name, SAMPLES)
    tried = [parse([name])] if FLAGS[name].read is None else [parse([name, sample]) for sample in samples]
    parsed = next(candidate for candidate in tried if not candidate.problems)
    parameters = xllamacpp.CommonParams()
    unread = [assigned for assigned in parsed.assignments if not assigned.is_file]
    assert [_apply(parameters, assigned, xllamacpp) for assigned in unread] == [[]] * len(unread)
    for assigned in unread:
        held = functools.reduce(getattr, assigned.target.split("."), parameters)
        if isinstance(assigned.value, int | float):
            assert held == pytest.approx(assigned.value)
