from dataclasses import replace

import pytest

from remuda.knowledge.builds import Artefact
from remuda.plan.verdict.candidate import rows
from remuda.plan.verdict.processor import libc, processor
from tests.plan.verdict.hosts import aim, official

ZEN2 = aim("mi50-w7500", "cpu")
AVX512 = aim("cpu-avx512", "cpu")
OLD = aim("no-gpu-old-cpu", "cpu")


@pytest.mark.parametrize(
    ("release", "artefact", "zen2", "avx512", "old"),
    [
        ("0.16.0", "wheel", "no", "yes", "no"),
        ("0.13.0", "image", "no", "yes", "no"),
        ("0.17.0", "wheel", "yes", "yes", "no"),
        ("0.33.0", "image", "yes", "yes", "no"),
    ],
)
def test_prebuilt_vllm_needs_avx512_before_0_17(
    release: str, artefact: Artefact, zen2: str, avx512: str, old: str
) -> None:
    states = [official(at, "vllm", release, artefact).state for at in (ZEN2, AVX512, OLD)]
    assert states == [zen2, avx512, old]


def test_what_lacks_is_named() -> None:
    (row,) = rows("vllm", "0.16.0", "wheel", platform="cpu", machine="x86_64")
    (found,) = processor(row, ZEN2)
    assert "avx512f" in found.message
    assert "illegal instruction" in found.message
    assert found.source
    (found,) = processor(row, replace(ZEN2, cpu=None))
    assert found.state == "unknown"


def test_a_build_for_the_machine_that_built_it_is_a_doubt_with_a_way_to_find_out() -> None:
    (row,) = rows("vllm", "0.13.0", "source", platform="cpu", machine="x86_64")
    (found,) = processor(row, ZEN2)
    assert (found.state, found.message) == (
        "unknown",
        "which instructions it uses is not known, and this CPU has no AVX-512",
    )
    assert "doctor engine" in (found.hint or "")
    assert "no AVX-512" not in next(processor(row, AVX512)).message


def test_llama_cpp_chooses_at_its_start() -> None:
    assert official(OLD, "llama-cpp", "b11549", "release").state == "yes"
    assert official(aim("gb10", "cpu"), "vllm", "0.33.0", "wheel").state == "yes"


def test_a_gpus_build_has_no_say_in_processors() -> None:
    (row, *_) = rows("vllm", "0.33.0", "image", platform="cuda", machine="x86_64")
    assert list(processor(row, ZEN2)) == []


def test_a_wheel_needs_a_new_enough_c_library_and_an_image_brings_its_own() -> None:
    (row,) = rows("vllm", "0.17.0", "wheel", platform="cpu", machine="x86_64")
    (found,) = libc(row, replace(ZEN2, libc="2.31"))
    assert (found.state, found.message) == ("no", "it needs glibc 2.35, and this system has 2.31")
    assert list(libc(row, ZEN2)) == []
    assert list(libc(replace(row, artefact="image"), replace(ZEN2, libc="2.31"))) == []
