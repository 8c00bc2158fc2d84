from __future__ import annotations

from collections.abc import Sequence

import pytest

from remuda.plan.environment_files import environment_files, judge_files
from tests.spec.reading import document, lines

VLLM = "engine: vllm, model: o/a, environment_file: x"


def said(keys: str, *names: str, engines: str = "{}") -> list[str]:
    text = f"engines: {engines}\nmodels: {{a: {{{keys}}}}}"
    return [line.partition(": ")[2] for line in lines(judge_files(document(text), {"x": names}))]


def test_which_files_there_are() -> None:
    text = """
        engines: {vllm: {environment_file: e}, sglang: {environment_file: unused}}
        models:
          a: {engine: vllm, environment_file: m}
          b: {engine: vllm, environment_file: [m]}
          c: {cmd: x, environment_file: ~/c}
        """
    assert environment_files(document(text)) == {"e", "m", "~/c"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["HF_TOKEN", "VLLM_LOGGING_LEVEL", "MY_OWN", "OMP_NUM_THREADS"], []),
        (["VLLM_MAX_MODEL_LEN"], ["has the variable `VLLM_MAX_MODEL_LEN`"]),
        (["GPU_MEM_UTIL"], ["has the variable `GPU_MEM_UTIL`"]),
        (["VLLM_LOGING_LEVEL"], ["has the variable `VLLM_LOGING_LEVEL`"]),
        (["VLLM_PORT"], ["workers meet, not the one that it serves at"]),
        (["CUDA_VISIBLE_DEVICES"], ["comes over the devices that Remuda chooses, and the plan does not know of it"]),
        (["A", "B", "A"], ["`x` sets `A` twice, of which the last counts"]),
    ],
)
def test_names_that_nothing_reads_or_that_do_another_thing(names: Sequence[str], expected: list[str]) -> None:
    found = said(VLLM, *names)
    assert len(found) == len(expected)
    for line, end in zip(found, expected, strict=True):
        assert line.startswith("`models.a.environment_file`: ")
        assert line.endswith(end)


def test_a_release_is_asked_for_what_it_knows() -> None:
    keys = f"{VLLM}, runtime: podman, image: docker.io/vllm/vllm-openai, tag: v0.8.0"
    (found,) = said(keys, "VLLM_SERVER_DEV_MODE", "VLLM_ENABLE_RESPONSES_API_STORE")
    assert "in `x`, vLLM 0.8.0 has no variable `VLLM_ENABLE_RESPONSES_API_STORE`: it came with" in found


def test_the_seed_that_read_other_names_than_its_compose_file_set() -> None:
    """Its script read GPU_MEM_UTIL and MAX_MODEL_LEN; compose set two others, and the defaults were used in silence."""
    assert len(said(VLLM, "VLLM_GPU_MEMORY_UTILIZATION", "VLLM_MAX_MODEL_LEN", "HF_HOME")) == 2


def test_what_is_under_environment_comes_over_a_file() -> None:
    engines = "{vllm: {environment: {A: x, B: x, C: x}}}"
    found = said(f"{VLLM}, environment: {{B: y, C: null}}", "A", "B", "C", "D", engines=engines)
    assert found == [
        "`models.a.environment_file`: `A` in `x` has no effect: `engines.vllm.environment.A` comes over it",
        "`models.a.environment_file`: `B` in `x` has no effect: `models.a.environment.B` comes over it",
        ("`models.a.environment_file`: `models.a.environment.C` removes `C`, but `x` sets it"),
    ]


def test_a_reference_is_not_to_the_file() -> None:
    keys = f'{VLLM}, environment: {{T: "${{env:TOKEN}}", U: "$${{env:OTHER}}"}}, settings: {{a: "x${{env:KEY}}", b: 1}}'
    found = said(keys, "TOKEN", "KEY", "OTHER")
    assert [line.partition(", which")[0] for line in found] == [
        f"`models.a.environment_file`: `x` sets `{name}`" for name in ("TOKEN", "KEY")
    ]
    assert "`${env:KEY}` in `models.a.settings.a`" in found[1]


def test_a_file_of_the_engine_is_judged_for_each_model_and_a_disabled_one_has_none() -> None:
    engines = "{llama-cpp: {environment_file: x}}"
    keys = "engine: llama-cpp, model: m"
    (found,) = said(keys, "LLAMA_ARG_CTX_SIZES", engines=engines)
    assert found.startswith("`engines.llama-cpp.environment_file`: in `x`, no release of llama.cpp")
    assert said(f"{keys}, enabled: false", "LLAMA_ARG_CTX_SIZES", engines=engines) == []
    assert said("url: 'http://h', environment_file: x", "LLAMA_ARG_CTX_SIZES") == []
    assert said("cmd: x, environment_file: x", "LLAMA_ARG_CTX_SIZES", "VLLM_MAX_MODEL_LEN") == []
