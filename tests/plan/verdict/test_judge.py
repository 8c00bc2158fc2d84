"""The lines of two seeds, each with its source."""

from dataclasses import replace

import pytest

from remuda.knowledge import cuda
from remuda.knowledge.builds import Artefact, Platform
from remuda.plan.verdict.candidate import Candidate, installed, rows
from remuda.plan.verdict.judge import judge
from remuda.plan.verdict.needs import Needs
from tests.plan.verdict.hosts import aim, official, recorded

ZEN2, MI50, W7500 = (aim("mi50-w7500", device) for device in ("cpu", "rocm0", "rocm1"))


@pytest.mark.parametrize(
    ("engine", "release", "artefact", "state"),
    [
        ("vllm", "0.13.0", "source", "yes"),
        ("vllm", "0.33.0", "source", "yes"),
        ("vllm", "0.13.0", "image", "no"),
        ("vllm", "0.33.0", "image", "no"),
        ("vllm", "0.33.0", "documented", "no"),
        ("vllm", "0.33.0", "fast", "no"),
        ("vllm", "0.11.0", "community", "yes"),
        ("vllm", "0.23.0", "community", "yes"),
        ("vllm", "0.14.0", "community", "unknown"),
        ("llama-cpp", "b8000", "community", "yes"),
        ("llama-cpp", "b11549", "image", "no"),
        ("ollama", "0.12.3", "release", "yes"),
        ("ollama", "0.12.4", "release", "no"),
        ("ollama", "0.31.2", "release", "no"),
    ],
)
def test_the_mi50_of_seed_004(engine: str, release: str, artefact: Artefact, state: str) -> None:
    found = official(MI50, engine, release, artefact)
    assert found.state == state
    assert all(reason.source for reason in found.reasons if state != "unknown")


def test_llama_cpp_runs_on_it_by_vulkan() -> None:
    assert official(MI50, "llama-cpp", "b11549", "release", "vulkan").state == "yes"


@pytest.mark.parametrize(
    ("engine", "release", "artefact", "state"),
    [
        ("vllm", "0.19.1", "source", "no"),
        ("vllm", "0.20.0", "source", "yes"),
        ("vllm", "0.33.0", "image", "no"),
        ("llama-cpp", "b8123", "image", "yes"),
        ("llama-cpp", "b8124", "image", "no"),
        ("llama-cpp", "b8642", "image", "yes"),
        ("ollama", "0.31.2", "release", "yes"),
    ],
)
def test_the_w7500_of_seed_004_by_version(engine: str, release: str, artefact: Artefact, state: str) -> None:
    assert official(W7500, engine, release, artefact).state == state


@pytest.mark.parametrize(("release", "state"), [("0.13.0", "no"), ("0.16.0", "no"), ("0.17.0", "yes")])
def test_the_prebuilt_wheel_on_the_cpu_of_seed_004(release: str, state: str) -> None:
    found = official(ZEN2, "vllm", release, "wheel")
    assert found.state == state
    assert found.is_certain == (state == "no")


def test_the_vllm_that_seed_004_had_installed() -> None:
    vllm = next(installed(recorded("mi50-w7500")))
    assert judge(vllm, MI50).reasons[0].message == "built for the CPU, which rocm0 is not"
    assert judge(vllm, ZEN2).state == "unknown"


def test_an_installed_program_may_be_another_build_than_the_official_one() -> None:
    ollama = next(each for each in installed(recorded("mi50-w7500")) if each.engine == "ollama")
    llama_cpp = next(each for each in installed(recorded("mi50-w7500")) if each.engine == "llama-cpp")
    assert [judge(ollama, at).state for at in (ZEN2, MI50, W7500)] == ["yes", "unknown", "yes"]
    assert [judge(llama_cpp, at).state for at in (ZEN2, MI50, W7500)] == ["yes", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("title", "capability", "release", "state"),
    [
        ("NVIDIA L40S", "8.9", "0.19.1", "yes"),
        ("NVIDIA GeForce GTX 1080 Ti", "6.1", "0.8.0", "no"),
        ("NVIDIA GeForce GTX 1080 Ti", "6.1", "0.33.0", "no"),
        ("NVIDIA B300 SXM6 AC", "10.3", "0.9.2", "no"),
        ("NVIDIA B300 SXM6 AC", "10.3", "0.33.0", "yes"),
    ],
)
def test_the_cards_of_seed_003(title: str, capability: str, release: str, state: str) -> None:
    row = cuda.of_card(title)
    assert row
    assert row.capability == capability
    card = replace(aim("h200", "cuda0"), title=title, code=capability)
    found = official(card, "vllm", release, "image")
    assert (found.state, found.is_certain) == (state, state == "no" and capability == "6.1")


def test_of_several_variants_the_best_one_counts() -> None:
    assert official(aim("p40", "cuda0"), "ollama", "0.31.2", "release").state == "yes"
    old = official(aim("driver-470", "cuda0"), "ollama", "0.31.2", "release")
    assert {reason.about for reason in old.reasons if reason.state == "no"} == {"driver"}


def test_what_is_asked_for_counts_too() -> None:
    t4 = replace(aim("t4", "cuda0"), driver="580.95.05")
    found = rows("vllm", "0.33.0", "image", platform="cuda", machine="x86_64")[:1]
    image = Candidate(engine="vllm", artefact="image", what="the image", release="0.33.0", rows=found)
    assert judge(image, t4).state == "yes"
    assert judge(image, t4, Needs(dtype="bfloat16")).is_certain
    assert judge(image, t4, Needs(quantization="hqq")).is_certain
    assert judge(image, t4, Needs(hint="gguf")).state == "no"


@pytest.mark.parametrize("platform", ["cuda", "rocm", "cpu"])
def test_a_newer_release_than_any_is_unknown(platform: Platform) -> None:
    at = {"cuda": aim("rtx-3090", "cuda0"), "rocm": MI50, "cpu": ZEN2}[platform]
    found = official(at, "vllm", "0.99.0", "image")
    assert (found.state, found.is_certain) == ("unknown", False)
    assert found.reasons[0].message == "nothing is known of vllm 0.99.0"
