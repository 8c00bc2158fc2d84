from __future__ import annotations

import pytest

from remuda.knowledge import builds, cuda, rocm
from remuda.knowledge.builds import Artefact, Platform


def served(platform: Platform, version: str, device: str, engine: str = "vllm") -> dict[Artefact, bool]:
    """For each artefact of a release whether any of its builds serves a device."""
    found: dict[Artefact, bool] = {}
    for build in builds.find(engine, platform, version=version):
        found[build.artefact] = found.get(build.artefact, False) or build.serves(device) is not None
    return found


def test_four_answers_for_one_card() -> None:
    assert served("rocm", "0.12.0", "gfx906") == {
        "source": True,
        "image": False,
        "documented": False,
        "fast": False,
        "community": True,
    }


@pytest.mark.parametrize(
    ("version", "device", "expected"),
    [
        ("0.19.1", "7.0", True),  # V100: the last official image
        ("0.20.0", "7.0", False),
        ("0.20.0", "6.1", False),
        ("0.8.0", "6.1", False),
        ("0.9.0", "8.6", True),  # by the code for 8.0
        ("0.12.0", "12.0", True),
        ("0.9.1", "12.0", True),  # by the PTX for 10.0
        ("0.8.5", "10.0", True),  # by the PTX for 9.0
    ],
)
def test_the_official_image_by_release(version: str, device: str, *, expected: bool) -> None:
    assert served("cuda", version, device)["image"] is expected


@pytest.mark.parametrize(
    ("version", "expected"), [("0.19.1", False), ("0.20.0", True)], ids=["not compiled for", "compiled for"]
)
def test_when_gfx1102_came(version: str, *, expected: bool) -> None:
    assert served("rocm", version, "gfx1102")["source"] is expected
    assert served("rocm", version, "gfx1102")["image"] is False


@pytest.mark.parametrize(("version", "expected"), [("0.12.3", True), ("0.12.4", False), ("0.31.2", False)])
def test_when_ollama_dropped_gfx906(version: str, *, expected: bool) -> None:
    assert served("rocm", version, "gfx906", "ollama")["release"] is expected


@pytest.mark.parametrize(("version", "flags"), [("0.16.0", ("avx512f",)), ("0.17.0", ("avx2",))])
def test_what_a_build_for_the_cpu_needs(version: str, flags: tuple[str, ...]) -> None:
    (image,) = builds.find("vllm", "cpu", version=version, artefact="image")
    assert image.cpu_flags
    assert image.cpu_flags[:1] == flags


def test_pascal_has_only_the_torch_of_cuda_12_6() -> None:
    found = [build for build in builds.find("torch", "cuda", version="2.11.0") if build.serves("6.1")]
    assert [str(build.toolkit) for build in found] == ["12.6..12.6"]


def test_a_version_that_is_no_release_is_in_no_build() -> None:
    assert list(builds.find("vllm", version="nightly")) == []


def test_targets_that_are_not_known_serve_nobody() -> None:
    (vulkan,) = builds.find("llama-cpp", "vulkan")
    assert vulkan.targets is None
    assert vulkan.serves("gfx906") is None


def test_every_target_is_one() -> None:
    for build in builds.builds():
        for target in build.targets or ():
            if build.platform == "cuda" and not target.endswith("+"):
                cuda.runs(target, "8.6")
            if build.platform == "rocm":
                assert target.startswith("gfx")


def test_what_vllm_is_compiled_for_are_targets_that_are_known() -> None:
    named = {target for build in builds.find("vllm", "rocm") for target in build.targets or ()}
    assert {target for target in named if rocm.gfx(target) is None} == {"gfx1250"}


@pytest.mark.parametrize("platform", ["cuda", "rocm"])
@pytest.mark.parametrize("artefact", ["source", "image", "documented", "fast"])
def test_no_release_of_vllm_is_left_out(platform: Platform, artefact: Artefact) -> None:
    since = {("rocm", "fast"): "0.8.3"}.get((platform, artefact), "0.8.0")
    for version in (since, "0.9.2", "0.10.0", "0.11.0", "0.13.0", "0.15.1", "0.18.1", "0.22.1", "0.26.0", "0.33.0"):
        if (platform, artefact, version) != ("cuda", "fast", "0.10.0"):
            assert list(builds.find("vllm", platform, version=version, artefact=artefact)), version


SEED_4 = ("sse4_2", "avx", "avx2", "f16c", "fma")
"""A Threadripper PRO 3945WX, of Zen 2."""


@pytest.mark.parametrize(("version", "expected"), [("0.13.0", False), ("0.16.0", False), ("0.17.0", True)])
def test_the_wheel_for_a_cpu_without_avx_512(version: str, *, expected: bool) -> None:
    wheels = builds.find("vllm", "cpu", version=version, artefact="wheel")
    needed = [wheel.cpu_flags or () for wheel in wheels if wheel.machine == "x86_64"]
    assert [set(flags) <= set(SEED_4) for flags in needed] == [expected]


def test_b300_needs_a_newer_toolkit_than_12_8() -> None:
    b300 = cuda.capability("10.3")
    assert b300
    assert (12, 8, 1) not in b300.toolkits
    assert (12, 9) in b300.toolkits
