import pytest

from remuda.plan.verdict.outlook import outlooks
from tests.facts.make_hosts import HOSTS
from tests.plan.verdict.hosts import recorded

RECORDED = sorted(folder.name for folder in HOSTS.iterdir() if folder.is_dir())


def states(host: str, device: str) -> dict[str, str]:
    return {each.engine: each.state for each in outlooks(recorded(host)) if each.target.name == device}


@pytest.mark.parametrize(
    ("host", "device", "expected"),
    [
        ("mi50-w7500", "cpu", {"vllm": "yes", "llama-cpp": "yes", "ollama": "yes", "sglang": "no"}),
        ("mi50-w7500", "rocm0", {"vllm": "no", "llama-cpp": "yes", "ollama": "unknown", "sglang": "no"}),
        ("mi50-w7500", "rocm1", {"vllm": "no", "llama-cpp": "yes", "ollama": "yes", "sglang": "no"}),
        ("p40", "cuda0", {"vllm": "no", "llama-cpp": "yes", "ollama": "yes", "sglang": "no"}),
        ("v100", "cuda0", {"vllm": "no", "llama-cpp": "yes", "ollama": "yes", "sglang": "no"}),
        ("h100", "cuda0", {"vllm": "unknown", "llama-cpp": "yes", "ollama": "yes", "sglang": "unknown"}),
        ("h200", "cuda0", {"vllm": "yes", "llama-cpp": "yes", "ollama": "yes", "sglang": "yes"}),
        ("rtx-5090", "cuda0", {"vllm": "yes", "llama-cpp": "yes", "ollama": "yes", "sglang": "yes"}),
        ("gb10", "cuda0", {"vllm": "yes", "llama-cpp": "yes", "ollama": "yes", "sglang": "yes"}),
        ("mi300x", "rocm1", {"vllm": "yes", "llama-cpp": "yes", "ollama": "yes", "sglang": "yes"}),
        ("rx-7900xtx", "rocm0", {"vllm": "yes", "llama-cpp": "yes", "ollama": "yes", "sglang": "no"}),
        ("driver-470", "cuda0", {"vllm": "no", "llama-cpp": "yes", "ollama": "no", "sglang": "unknown"}),
    ],
)
def test_what_runs_where(host: str, device: str, expected: dict[str, str]) -> None:
    assert states(host, device) == expected


def test_vllm_has_several_answers_for_one_card() -> None:
    (found,) = (
        each for each in outlooks(recorded("mi50-w7500")) if (each.target.name, each.title) == ("rocm0", "vLLM")
    )
    assert {verdict.artefact: verdict.state for verdict in found.verdicts} == {
        "installed": "no",
        "image": "no",
        "compiled": "yes",
        "documented": "no",
        "fast path": "no",
        "triton": "no",
    }


@pytest.mark.parametrize("host", RECORDED)
def test_every_no_has_a_reason_with_its_source(host: str) -> None:
    for each in outlooks(recorded(host)):
        for verdict in each.verdicts:
            assert verdict.reasons
            assert all(reason.source and reason.confidence for reason in verdict.reasons if reason.state == "no")


def test_there_is_another_way_only_where_one_is_needed() -> None:
    assert all(not each.alternatives for each in outlooks(recorded("h200")) if each.state == "yes")
