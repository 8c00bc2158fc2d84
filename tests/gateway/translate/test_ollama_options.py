from __future__ import annotations

from typing import Any

import ollama
import pytest

from remuda.gateway.translate.ollama_options import sampling


@pytest.mark.parametrize(
    ("options", "members"),
    [
        (None, {}),
        ({}, {}),
        ({"temperature": 0.2, "top_p": 0.9, "min_p": 0.05}, {"temperature": 0.2, "top_p": 0.9, "min_p": 0.05}),
        ({"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
        ({"num_predict": 7}, {"max_tokens": 7}),
        ({"num_predict": 0}, {"max_tokens": 0}),
        ({"num_predict": -1}, {}),
        ({"num_predict": -2}, {}),
        ({"seed": 0}, {"seed": 0}),
        ({"seed": -1}, {}),
        ({"num_predict": 40.0, "top_k": 40.0}, {"max_tokens": 40, "top_k": 40}),
        ({"repeat_penalty": 1.1}, {"repeat_penalty": 1.1, "repetition_penalty": 1.1}),
        ({"presence_penalty": -1.0, "frequency_penalty": 1.0}, {"presence_penalty": -1.0, "frequency_penalty": 1.0}),
        ({"typical_p": 0.7, "repeat_last_n": -1, "num_keep": 4}, {"typical_p": 0.7, "repeat_last_n": -1, "n_keep": 4}),
        ({"temperature": None}, {}),
        ({"num_ctx": 8192, "num_gpu": 99, "use_mmap": True}, {}),
        ({"dry_multiplier": 0.8, "mirostat": 2}, {"dry_multiplier": 0.8, "mirostat": 2}),
        ({"num_predict": "many"}, {"max_tokens": "many"}),
    ],
)
def test_options_become_members(options: dict[str, Any] | None, members: dict[str, Any]) -> None:
    assert sampling(options) == members


def test_the_load_time_options_of_the_client_package_are_left_out() -> None:
    names = list(ollama.Options.model_fields)
    of_loading = names[: names.index("num_keep")]
    assert len(of_loading) == 13
    assert sampling(dict.fromkeys(of_loading, 1)) == {}


def test_the_others_are_all_sent() -> None:
    names = list(ollama.Options.model_fields)
    at_run_time = names[names.index("num_keep") :]
    assert len(sampling(dict.fromkeys(at_run_time, 1))) == len(at_run_time) + 1
