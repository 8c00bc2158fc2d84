from __future__ import annotations

import pytest

from remuda.knowledge import symptoms


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Illegal instruction (core dumped)", "illegal-instruction"),
        ("RuntimeError: CUDA error: no kernel image is available for execution on the device", "no-kernel-image"),
        ("HIP error: invalid device function", "invalid-device-function"),
        ("the provided PTX was compiled with an unsupported toolchain.", "ptx-too-new"),
        ("ImportError: libcudart.so.12: cannot open shared object file: No such file", "cuda-wheel-on-other"),
        ("RuntimeError: Failed to infer device type, please set", "no-platform"),
        (
            "Free memory on device (1.5/23.6 GiB) on startup is less than desired GPU memory utilization (0.9, 21 GiB)",
            "memory-taken",
        ),
        (
            "ValueError: To serve at least one request with the models's max seq len (131072), (16.0 GiB KV cache",
            "context-too-long",
        ),
        (
            (
                "torch._inductor.exc.InductorError: RuntimeError: Failed to run autotuning code block: "
                "PassManager::run failed"
            ),
            "unsupported-target",
        ),
        ("triton_flash_attention.py:309:0): error: unsupported target: 'gfx906'", "unsupported-target"),
        (
            "INFO [importing.py:44] Triton is installed but 0 active driver(s) found (expected 1).",
            "no-triton-driver",
        ),
        ("torch.AcceleratorError: HIP error: invalid device function", "invalid-device-function"),
        (
            "rocBLAS error: Cannot read /opt/rocm-7.2.0/lib/rocblas/library/TensileLibrary.dat: Illegal seek for GPU",
            "rocblas-target",
        ),
        (
            "ValueError: The quantization method compressed-tensors is not supported for the current GPU. Minimum",
            "quantization-too-new",
        ),
        (
            "ImportError: /x/vllm/_C.abi3.so: undefined symbol: _ZN3c106detail14torchCheckFailEPKcS2_jRKSs",
            "torch-mismatch",
        ),
        ("ImportError: /x/vllm/_C.abi3.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb", "torch-mismatch"),
        ("ImportError: /lib/libc.so.6: version `GLIBC_2.35' not found (required by _C.abi3.so)", "glibc-too-old"),
        ("ERROR: Unexpected bus error. This might be caused by insufficient shared memory (shm).", "shared-memory"),
        ("Error: setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all", "cdi-unresolved"),
        ("accept: Too many open files", "open-files"),
        ("NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.", "gpu-lost"),
    ],
)
def test_what_a_line_means(line: str, expected: str) -> None:
    assert [symptom.name for symptom in symptoms.match(line)] == [expected]


def test_symptoms_come_in_the_order_of_the_text() -> None:
    text = "no kernel image is available for execution on the device\nIllegal instruction\n"
    assert [symptom.name for symptom in symptoms.match(text)] == ["no-kernel-image", "illegal-instruction"]


def test_every_symptom_says_what_it_has_to() -> None:
    for symptom in symptoms.symptoms():
        assert "" not in {symptom.cause, symptom.proof, symptom.advice, symptom.source}
    names = [symptom.name for symptom in symptoms.symptoms()]
    assert len(names) == len(set(names))


def test_a_text_without_symptoms() -> None:
    assert symptoms.match("INFO: Application startup complete.") == ()
