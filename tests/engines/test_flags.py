from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.engines import ENGINES, llama_cpp, ollama, vllm
from remuda.engines.contract import Dialect
from remuda.engines.flags import check, render, without_managed
from remuda.errors import SpecError

# llmhop 1.x: nixpkgs' `lib.cli.toCommandLineShell`, before quoting for a shell.
SEED = Dialect(lists="repeat", join="equals", floats="six", objects="refuse")
# llmhop since 2.0.2: quadlets join scalars with `=`; native units do not.
QUADLET_VLLM = Dialect(lists="spread", join="equals")
QUADLET_SGLANG = Dialect(false="drop", lists="spread", join="equals")
NATIVE_LLAMA_CPP = Dialect(lists="repeat")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"served-model-name": "llama-3-8b", "host": "0.0.0.0", "port": 8000, "max-model-len": 8192},  # noqa: S104
            ["--host=0.0.0.0", "--max-model-len=8192", "--port=8000", "--served-model-name=llama-3-8b"],
        ),
        ({"enable-prefix-caching": True}, ["--enable-prefix-caching"]),
        ({"enable-prefix-caching": False}, ["--no-enable-prefix-caching"]),
        ({"no-enable-prefix-caching": False}, ["--enable-prefix-caching"]),
        ({"quantization": None}, []),
        ({"gpu-memory-utilization": 0.45}, ["--gpu-memory-utilization=0.450000"]),
        ({"lora": ["a", "b"], "empty": []}, ["--lora=a", "--lora=b"]),
        ({"mixed": [True, None, "a", False]}, ["--mixed", "--mixed=a", "--no-mixed"]),
        ({"speculative-config": '{"method":"mtp"}'}, ['--speculative-config={"method":"mtp"}']),
        ({"b": 1, "a": 1, "B": 1}, ["-B=1", "-a=1", "-b=1"]),
    ],
)
def test_the_first_llmhop_era(settings: dict[str, Any], words: list[str]) -> None:
    assert list(render(settings, SEED)) == words


def test_the_first_llmhop_era_refuses_objects() -> None:
    with pytest.raises(SpecError, match="cannot render `speculative-config`"):
        render({"speculative-config": {"method": "mtp"}}, SEED)


@pytest.mark.parametrize(
    ("dialect", "settings", "words"),
    [
        (QUADLET_VLLM, {"temperature": 0.6}, ["--temperature=0.6"]),
        (
            QUADLET_VLLM,
            {"port": 30000, "worker-urls": ["http://a", "http://b"]},
            ["--port=30000", "--worker-urls", "http://a", "http://b"],
        ),
        (QUADLET_VLLM, {"lora-modules": ["x=/p/x", "y=/p/y"]}, ["--lora-modules", "x=/p/x", "y=/p/y"]),
        (
            QUADLET_VLLM,
            {"compilation-config": {"mode": 3, "cudagraph_capture_sizes": [1, 2]}},
            ['--compilation-config={"cudagraph_capture_sizes":[1,2],"mode":3}'],
        ),
        (QUADLET_VLLM, {"x": [], "y": None, "async-scheduling": False}, ["--no-async-scheduling"]),
        (QUADLET_SGLANG, {"disable-radix-cache": False, "trust-remote-code": True}, ["--trust-remote-code"]),
        (NATIVE_LLAMA_CPP, {"lora": ["a", "b"], "jinja": True}, ["--jinja", "--lora", "a", "--lora", "b"]),
        (NATIVE_LLAMA_CPP, {"ctx-size": 4096, "warmup": False}, ["--ctx-size", "4096", "--no-warmup"]),
    ],
)
def test_the_second_llmhop_era(dialect: Dialect, settings: dict[str, Any], words: list[str]) -> None:
    assert list(render(settings, dialect)) == words


@pytest.mark.parametrize(
    ("engine", "settings", "words"),
    [
        ("vllm", {"gpu-memory-utilization": 0.92, "seed": -1}, ["--gpu-memory-utilization", "0.92", "--seed=-1"]),
        ("vllm", {"t": 1e-05, "big": 10**20, "one": 1.0}, ["--big", str(10**20), "--one", "1.0", "-t", "1e-05"]),
        ("vllm", {"tp": 2, "O": 3, "max-num-seqs": 16}, ["-O", "3", "--max-num-seqs", "16", "-tp", "2"]),
        ("vllm", {"override-generation-config": "-"}, ["--override-generation-config=-"]),
        ("vllm", {"middleware": [{"a": 1}, [1, 2], True]}, ["--middleware", '{"a":1}', "[1,2]", "true"]),
        ("vllm", {"chat-template": ""}, ["--chat-template", ""]),
        ("sglang", {"tp": 2, "disable-radix-cache": False}, ["--tp", "2"]),
        ("llama-cpp", {"c": 4096, "ngl": 99, "np": 2}, ["-c", "4096", "-ngl", "99", "-np", "2"]),
        ("llama-cpp", {"n-predict": -1, "chat-template": "-x"}, ["--chat-template", "-x", "--n-predict", "-1"]),
        ("llama-cpp", {"tensor-split": [3, 1], "lora": []}, ["--tensor-split", "3,1"]),
        ("llama-cpp", {"swa-full": False, "no-host": False, "no-mmap": False}, ["--mmap"]),
        ("llama-cpp", {"chat-template-kwargs": {"ü": None}}, ["--chat-template-kwargs", '{"ü":null}']),
    ],
)  # fmt: skip
def test_the_dialects_of_our_engines(engine: str, settings: dict[str, Any], words: list[str]) -> None:
    assert list(render(settings, ENGINES[engine].DIALECT)) == words


@pytest.mark.parametrize(
    ("engine", "settings", "message"),
    [
        ("llama-cpp", {"cb": False}, "cannot negate the short flag `-cb`"),
        ("llama-cpp", {"lora": ["a,b", "c"]}, "cannot pass `a,b` in the list `lora`"),
        ("vllm", {"stop": ["a", "-b"]}, "cannot pass `-b` in the list `stop`"),
        ("vllm", {"date": dt.date(2026, 1, 1)}, "cannot render `date`: `2026-01-01` has no form"),
        ("vllm", {"ratio": float("nan")}, "cannot render `ratio`: `nan` has no form"),
        ("vllm", {"object": {"when": dt.date(2026, 1, 1)}}, "cannot render `object`"),
    ],
)
def test_what_a_command_line_cannot_say_is_refused(engine: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as error:
        render(settings, ENGINES[engine].DIALECT)
    assert error.value.message.startswith(message)
    assert error.value.hint


SCALARS = st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.sampled_from(["alpha", "beta", "gamma"]), SCALARS))
def test_argparse_reads_back_every_scalar(settings: dict[str, Any]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False, prefix_chars="-")
    for key in ("alpha", "beta", "gamma"):
        kind: Any = type(settings.get(key, ""))
        parser.add_argument(f"--{key}", type=kind, default=None)
    read = vars(parser.parse_args(render(settings, vllm.DIALECT)))
    assert {key: value for key, value in read.items() if value is not None} == settings


@given(st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True), SCALARS | st.lists(st.integers())))
def test_the_order_in_the_file_does_not_matter(settings: dict[str, Any]) -> None:
    backwards = dict(reversed(settings.items()))
    assert render(settings, llama_cpp.DIALECT) == render(backwards, llama_cpp.DIALECT)


def test_managed_flags_are_dropped_in_every_spelling() -> None:
    settings = {"port": 1, "served_model_name": "x", "--host": "::", "max-model-len": 1}
    assert without_managed(settings, vllm.MANAGED) == {"max-model-len": 1}


def test_check_reports_everything_at_once() -> None:
    problems = check({"served_model_name": "x", "--max-model-len": 1, "a b": 1, "ok": 1, "stop": ["-"]}, vllm)
    assert [(problem.path, problem.message) for problem in problems] == [
        (("served_model_name",), "`served_model_name` is set by Remuda"),
        (("--max-model-len",), "`--max-model-len` is no flag's name"),
        (("a b",), "`a b` is no flag's name"),
        (("stop",), "cannot pass `-` in the list `stop`: it begins with a dash, as a flag does"),
    ]
    assert all(problem.hint for problem in problems)


def test_an_engine_without_flags_refuses_settings() -> None:
    (problem,) = check({"num-ctx": 8192}, ollama)
    assert (problem.message, problem.path) == ("engine `ollama` takes no settings", ())
    assert check({}, ollama) == ()
