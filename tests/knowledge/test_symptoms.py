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
    ],
)
def test_what_a_line_means(line: str, expected: str) -> None:
    assert [symptom.name for symptom in symptoms.match(line)] == [expected]


def test_symptoms_come_in_the_order_of_the_text() -> None:
    text = "no kernel image is available for execution on the device\nIllegal instruction\n"
    assert [symptom.name for symptom in symptoms.match(text)] == ["no-kernel-image", "illegal-instruction"]


def test_a_text_without_symptoms() -> None:
    assert symptoms.match("INFO: Application startup complete.") == ()
