import pytest
from msgspec.structs import replace

from remuda.facts.host import Host
from remuda.facts.software import Extension, Package, Rocblas, Software, Tool
from remuda.plan.check import load_fleet
from remuda.plan.verdict.candidate import Candidate, installed, named, newest, platform_of, rows
from remuda.spec.merge import effective
from tests.plan.verdict.hosts import recorded

VENV = "/opt/vllm/lib/python3.12/site-packages"
WHEEL = ("cp38-abi3-manylinux1_x86_64",)


def package(version: str, **given: object) -> Package:
    return replace(Package("vllm", version, VENV, version.partition("+")[2] or None, WHEEL), **given)


def with_software(host: str, **software: object) -> Host:
    return replace(recorded(host), software=Software(**software))  # type: ignore[arg-type]


def of(entry: str, host: Host) -> Candidate | None:
    fleet, _, _ = load_fleet(f"lint: {{model_ids: 'off'}}\nmodels: {{a: {{{entry}}}}}", "remuda.yaml")
    return named(effective(fleet, "a"), host)


@pytest.mark.parametrize(
    ("image", "tag", "targets"),
    [
        ("docker.io/vllm/vllm-openai", "v0.19.1", "7.0"),
        ("vllm/vllm-openai", "v0.19.1-x86_64", "7.0"),
        ("docker.io/vllm/vllm-openai", "v0.33.0-cu134", "7.5"),
        ("docker.io/vllm/vllm-openai-rocm", "v0.33.0", "gfx90a"),
        ("public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo", "v0.12.0", "x86_64"),
        ("nalanzeyu/vllm-gfx906", "v0.11.2", None),
        ("docker.io/nalanzeyu/vllm-gfx906", "v0.11.2", "gfx906"),
        ("docker.io/vllm/vllm-openai", "nightly", None),
        ("docker.io/vllm/vllm-openai", "v0.33.0-mine", None),
        ("docker.io/vllm/vllm-openai", "v0.99.0", None),
        ("docker.io/vllm/vllm-openai-xpu", "v0.33.0", None),
        ("docker.io/somebody/vllm", "v0.33.0", None),
    ],
)
def test_a_tag_of_an_official_image_names_its_build(image: str, tag: str, targets: str | None) -> None:
    found = of(f"engine: vllm, model: o/a, runtime: podman, image: {image}, tag: {tag}", recorded("rtx-3090"))
    assert found
    assert [row.targets[0] for row in found.rows if row.targets] == ([targets] if targets else [])


def test_an_image_is_for_the_machine_that_it_runs_on() -> None:
    entry = "engine: vllm, model: o/a, runtime: podman, image: docker.io/vllm/vllm-openai, tag: v0.33.0"
    found = of(entry, recorded("gb10"))
    assert found
    assert [row.machine for row in found.rows] == ["aarch64"]


def test_llama_cpp_images_say_what_they_are_for() -> None:
    entry = "engine: llama-cpp, model: /a.gguf, runtime: podman, image: ghcr.io/ggml-org/llama.cpp, tag: server-"
    rocm, cuda = of(entry + "rocm-b8642", recorded("mi50-w7500")), of(entry + "cuda-b8642", recorded("rtx-3090"))
    assert rocm
    assert [row.platform for row in rocm.rows] == ["rocm"]
    assert cuda
    assert cuda.rows == ()


@pytest.mark.parametrize("runtime", ["podman", "docker", "systemd"])
def test_an_image_names_its_build_whatever_starts_its_container(runtime: str) -> None:
    image = "image: docker.io/vllm/vllm-openai, tag: v0.19.1"
    found = of(f"engine: vllm, model: o/a, runtime: {runtime}, {image}", recorded("rtx-3090"))
    assert found
    assert found.release == "0.19.1"


def test_a_program_is_the_one_that_is_installed_or_that_of_its_folder() -> None:
    other = package("0.12.0", folder="/opt/old/lib/python3.12/site-packages")
    host = with_software("rtx-3090", packages=(package("0.19.1"), other))
    named_by_path = of("engine: vllm, model: o/a, executable: /opt/vllm/bin/vllm", host)
    assert named_by_path
    assert named_by_path.release == "0.19.1"
    assert of("engine: vllm, model: o/a", host) is None
    only = of("engine: vllm, model: o/a", with_software("rtx-3090", packages=(other,)))
    assert only
    assert only.release == "0.12.0"


def test_what_somebody_else_runs_is_not_named() -> None:
    assert of("url: 'http://10.0.0.7:8000'", recorded("rtx-3090")) is None


@pytest.mark.parametrize(
    ("found", "platform"),
    [
        (package("0.19.1+cpu"), "cpu"),
        (package("0.19.1+cu129"), "cuda"),
        (package("0.17.0+rocm700"), "rocm"),
        (package("0.19.1", extensions=(Extension("vllm/_C.abi3.so", ("libcudart.so.12",)),)), "cuda"),
        (package("0.19.1", extensions=(Extension("vllm/_C.abi3.so"), Extension("vllm/_moe_C.abi3.so"))), "cuda"),
        (package("0.19.1", extensions=(Extension("vllm/_rocm_C.abi3.so"),)), "rocm"),
        (package("0.13.0", extensions=(Extension("vllm/_C.abi3.so"),)), "cpu"),
        (package("0.13.0"), None),
    ],
)
def test_what_a_package_was_built_for_shows_without_importing_it(found: Package, platform: str | None) -> None:
    assert platform_of(found) == platform


def test_the_wheel_of_another_cuda_is_not_the_one_of_the_index() -> None:
    host = with_software("rtx-3090", packages=(package("0.19.1+cu130"),))
    assert [each.rows for each in installed(host)] == [()]


def test_the_installed_engines_of_the_machine_of_seed_004() -> None:
    vllm, ollama, llama_cpp = installed(recorded("mi50-w7500"))
    assert vllm.what == (
        "vLLM 0.13.0, built for the CPU, in /nix/store/8bqf3y1dqk7x0n4zv5wjpl2sgc9m6hra-python3.12-vllm-0.13.0"
    )
    assert [row.artefact for row in vllm.rows] == ["source"]
    assert (ollama.release, ollama.is_vague) == ("0.13.1", True)
    assert (llama_cpp.release, [row.platform for row in llama_cpp.rows]) == ("b7898", ["cpu"])


def test_the_kernels_that_ollama_brought_along_are_what_it_runs() -> None:
    ours = with_software(
        "mi50-w7500",
        tools=(Tool("ollama", "/usr/bin/ollama", "0.13.1"),),
        rocblas=(Rocblas("/usr/lib/ollama/rocblas/library", ("gfx906", "gfx1102")),),
    )
    (found,) = installed(ours)
    assert not found.is_vague
    assert [row.targets for row in found.rows if row.platform == "rocm"] == [("gfx906", "gfx1102")]


def test_the_newest_release_is_the_last_that_was_read() -> None:
    assert newest("vllm") == "0.33.0"
    assert newest("ollama") == "0.31.2"
    assert newest("papyrus") is None


def test_nothing_is_known_of_a_release_that_is_newer_than_all_that_were_read() -> None:
    assert rows("vllm", "0.33.0", "source", platform="cuda", machine="x86_64")
    assert rows("vllm", "0.34.0", "source", platform="cuda", machine="x86_64") == ()
