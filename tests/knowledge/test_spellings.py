from __future__ import annotations

import pytest

from remuda.engines import ENGINES, llama_cpp_params
from remuda.knowledge import rows
from remuda.knowledge.flags import HARVESTED, table
from remuda.knowledge.spellings import Spelling, spellings


def test_every_row_names_a_flag_once() -> None:
    lines = [line.split() for line in rows.text("spellings.txt").splitlines() if not line.startswith("#")]
    names = [(line[0], name) for line in lines for name in line[3 if line[1] == "off" else 2 :]]
    assert len(set(names)) == len(names)
    assert {line[1] for line in lines} == {"switch", "one", "number", "list", "two", "off"}
    assert {line[0] for line in lines} <= ENGINES.keys()


@pytest.mark.parametrize("engine", HARVESTED)
def test_every_flag_that_a_release_has_is_spelled(engine: str) -> None:
    found = table(engine)
    assert found
    known = spellings(engine)
    asked = {"--help", "-h", "--usage", "--version", "--license", "--cache-list", "-cl", "--completion-bash"}
    negated = {name for name in found.known("flag") if engine == "vllm" and f"--{name.removeprefix('--no-')}" in known}
    missing = found.known("flag") - known.keys() - negated - asked
    assert sorted(missing - {"-O"}) == []


def test_the_embedded_llama_cpp_agrees_about_what_follows() -> None:
    for name, flag in llama_cpp_params.FLAGS.items():
        assert (spellings("llama-cpp")[name].takes in ("switch", "off")) == (flag.read is None), name


@pytest.mark.parametrize(
    ("engine", "name", "spelling"),
    [
        ("llama-cpp", "-ngl", Spelling("n-gpu-layers", "one")),
        ("llama-cpp", "-c", Spelling("ctx-size", "one")),
        ("llama-cpp", "--no-mmap", Spelling("mmap", "off")),
        ("vllm", "-tp", Spelling("tensor-parallel-size", "one")),
        ("vllm", "--gpu-memory-utilization", Spelling("gpu-memory-utilization", "number")),
        ("vllm", "--lora-modules", Spelling("lora-modules", "list")),
        ("sglang", "--tp", Spelling("tp-size", "one")),
    ],
)
def test_names_of_one_flag_have_one_key(engine: str, name: str, spelling: Spelling) -> None:
    assert spellings(engine)[name] == spelling


def test_an_engine_without_flags_has_no_spellings() -> None:
    assert spellings("ollama") == {}
