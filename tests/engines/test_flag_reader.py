"""Command lines → settings; and that what is rendered is read back to the same words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.engines import ENGINES
from remuda.engines.contract import Order
from remuda.engines.flag_reader import read
from remuda.errors import SpecError
from remuda.knowledge.spellings import spellings

LINES: list[tuple[str, str, dict[str, Any]]] = [
    ("llama-cpp", "-ngl 99 -c 8192 -fa", {"n-gpu-layers": 99, "ctx-size": 8192, "flash-attn": True}),
    ("llama-cpp", "-fa on -fit off", {"flash-attn": True, "fit": False}),
    ("llama-cpp", "-fa --mlock", {"flash-attn": True, "mlock": True}),
    ("llama-cpp", "-fa auto --no-mmap -nkvo", {"flash-attn": "auto", "mmap": False, "kv-offload": False}),
    ("llama-cpp", "--seed -1 --temp 0.60", {"seed": -1, "temp": 0.6}),
    ("llama-cpp", "-ot exps=CPU -ot attn=CUDA0", {"override-tensor": "exps=CPU,attn=CUDA0"}),
    ("llama-cpp", "--reasoning-format -x", {"reasoning-format": "-x"}),
    ("llama-cpp", """--chat-template-kwargs '{"a": true}'""", {"chat-template-kwargs": {"a": True}}),
    ("llama-cpp", "--ctx_size 4", {"ctx-size": 4}),
    ("vllm", "--max_model_len=8192 -tp 2 -O3", {"max-model-len": 8192, "tensor-parallel-size": 2, "O": 3}),
    ("vllm", "--enforce-eager --no-enable-prefix-caching", {"enforce-eager": True, "enable-prefix-caching": False}),
    ("vllm", "--enable-chunked-prefill False", {"enable-chunked-prefill": False}),
    ("vllm", "--lora-modules a=/a b=/b --seed 0", {"lora-modules": ["a=/a", "b=/b"], "seed": 0}),
    ("vllm", "--allowed-origins '[\"*\"]'", {"allowed-origins": '["*"]'}),
    ("vllm", "--compilation-config.mode 3 --hf-token=", {"compilation-config.mode": 3, "hf-token": ""}),
    ("vllm", "--gpu-memory-utilization 0.90 --revision 1.10", {"gpu-memory-utilization": 0.9, "revision": "1.10"}),
    ("vllm", "--max-model-len -1 --dtype=-x", {"max-model-len": -1, "dtype": "-x"}),
    ("vllm", "--hf-token ${env:T} --speculative-config '{\"m\":\"${env:M}\"}'",
     {"hf-token": "${env:T}", "speculative-config": '{"m":"${env:M}"}'}),
    ("sglang", "--tp 2 --mem-fraction-static 0.8", {"tp-size": 2, "mem-fraction-static": 0.8}),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "line", "settings"), LINES)
def test_a_command_line(engine: str, line: str, settings: dict[str, Any]) -> None:
    reading = read(shlex.split(line), ENGINES[engine])
    assert (reading.settings, reading.others, reading.problems) == (settings, (), ())


@pytest.mark.parametrize(
    ("engine", "line", "settings", "message"),
    [
        ("vllm", "--new-thing 4", {"new-thing": 4}, "`--new-thing` is not known to be a flag of `vllm`; `4` is taken"),
        ("vllm", "--new --seed 1", {"new": True, "seed": 1}, "it is taken for a switch"),
        ("vllm", "--new=a b", {"new": "a"}, "`a` is taken for its value"),
        ("vllm", "--dtype --seed 1", {"seed": 1}, "`--dtype` has no value and is left out"),
        ("vllm", "--lora-modules", {}, "`--lora-modules` has no value"),
        ("vllm", "--enforce-eager=3", {"enforce-eager": True}, "`--enforce-eager` is a switch: its value `3`"),
        ("vllm", "--seed 1 --seed 2", {"seed": 2}, "`--seed` is given more than once; the last one counts"),
        ("sglang", "--no-lora-strict-loading", {"no-lora-strict-loading": True}, "taken for a switch"),
        ("llama-cpp", "--control-vector-layer-range 1 2 -c 1", {"ctx-size": 1}, "range 1 2` is left out"),
    ],
)
def test_what_is_said_of_a_command_line(engine: str, line: str, settings: dict[str, Any], message: str) -> None:
    reading = read(shlex.split(line), ENGINES[engine])
    assert reading.settings == settings
    (problem,) = reading.problems
    assert message in problem.message
    assert problem.severity == "warning"


def test_words_that_belong_to_no_flag() -> None:
    assert read(["m", "--seed", "1", "x", "--", "--y"], ENGINES["vllm"]).others == ("m", "x", "--y")


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', '{"a":NaN}', '{"a":' * 5000, '{"a":' * 30 + "1" + "}" * 30, "{x"])
def test_what_is_no_object_stays_a_text(text: str) -> None:
    assert read(["--speculative-config", text], ENGINES["vllm"]).settings == {"speculative-config": text}


def test_numbers_that_would_be_written_differently_stay_texts() -> None:
    for text in ("007", "-0", "1e5", "1.10", "9" * 30, "1.0e999"):
        assert read(["--dtype", text], ENGINES["vllm"]).settings == {"dtype": text}


WORDS = st.text(st.characters(codec="utf-8", exclude_characters=",\0", exclude_categories=["Cs"]), max_size=8)
SCALARS = WORDS | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
OBJECTS = st.dictionaries(WORDS, SCALARS | st.booleans() | st.none(), max_size=3)


@st.composite
def generated(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Settings of known flags with values of the kind that each takes, and of flags that nobody knows."""
    known = {spelled.key: spelled.takes for spelled in spellings(name).values() if spelled.takes not in ("off", "two")}
    values = {
        "switch": st.just(value=True) if name == "sglang" else st.booleans(),
        "number": st.floats(-1e6, 1e6) | st.integers(),
        "list": st.lists(SCALARS.filter(lambda text: not str(text).startswith("-")), min_size=2, max_size=3) | SCALARS,
    }
    ours = {*ENGINES[name].MANAGED, "metrics", "enable-metrics"}
    keys = draw(st.lists(st.sampled_from(sorted(known.keys() - ours)), unique=True, max_size=6))
    return {key: draw(values.get(known[key], SCALARS | OBJECTS)) for key in keys}


def words_of(name: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    argv = ENGINES[name].launch(Order("m", ("x",), "h", 1, model="w", settings=settings)).argv
    served = {"llama-cpp": "1", "vllm": "m", "sglang": "m"}[name]
    return argv[argv.index(served) + 1 :]


@pytest.mark.parametrize("name", ["llama-cpp", "vllm", "sglang"])
def test_what_is_rendered_is_read_back(name: str) -> None:
    engine = ENGINES[name]

    @given(settings=generated(name))
    def same_words(settings: dict[str, Any]) -> None:
        try:
            words = words_of(name, settings)
        except SpecError:
            return
        reading = read(words, engine)
        assert words_of(name, reading.settings) == words
        assert not reading.others

    same_words()


@pytest.mark.parametrize("name", ["llama-cpp", "vllm", "sglang"])
def test_any_words_are_read(name: str) -> None:
    names = st.sampled_from(sorted(spellings(name)))

    @given(st.lists(names | st.text(max_size=6) | st.builds("{}={}".format, names, st.text(max_size=3)), max_size=8))
    def never_raises(words: list[str]) -> None:
        reading = read(words, ENGINES[name])
        assert all(isinstance(key, str) for key in reading.settings)

    never_raises()
