from __future__ import annotations

import pytest

from remuda.spec.rules import visibility
from tests.spec.reading import said


def test_an_order_and_an_index_as_a_guide_pins_them() -> None:
    """It took index 0 in this order for the RTX 3090; by PCI address the GTX 1080 Ti of that machine comes first."""
    text = """
    models:
      qwen3.6-27b-vllm-180k-cuda0:
        engine: vllm
        model: Lorbus/Qwen3.6-27B-int4-AutoRound
        environment:
          CUDA_VISIBLE_DEVICES: "0"
          CUDA_DEVICE_ORDER: PCI_BUS_ID
    """
    place = "`models.qwen3.6-27b-vllm-180k-cuda0.environment"
    assert said(visibility.choosing, text) == [
        (
            f"6:7 warning: {place}.CUDA_VISIBLE_DEVICES` comes over the devices that Remuda chooses, "
            "and the plan does not know of it"
        ),
        (
            f"7:7 warning: {place}.CUDA_DEVICE_ORDER` counts the cards anew: the first by PCI address may be another "
            "than CUDA's own first"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("engines: {vllm: {environment: {HIP_VISIBLE_DEVICES: GPU-0e54792172da5eeb}}}", 1),
        ("models: {a: {cmd: x, environment: {ROCR_VISIBLE_DEVICES: '0', NVIDIA_VISIBLE_DEVICES: all}}}", 2),
        ("models: {a: {url: 'http://h', environment: {CUDA_VISIBLE_DEVICES: '0'}}}", 0),
        ("models: {a: {cmd: x, environment: {HF_TOKEN: y}}}", 0),
        ("models: {a: {cmd: x, environment: {CUDA_VISIBLE_DEVICES: null}}}", 0),
        ("models: {a: {cmd: x, environment: 5}, b: 5}", 0),
    ],
)
def test_variables_that_choose_gpus(text: str, count: int) -> None:
    assert len(said(visibility.choosing, text)) == count


@pytest.mark.parametrize(
    ("engine", "model", "expected"),
    [
        ("environment: {CUDA_VISIBLE_DEVICES: '0'}", "runtime: podman, devices: ['cuda:all']", ["3:48"]),
        ("devices: ['cuda:all']", "runtime: docker, environment: {CUDA_VISIBLE_DEVICES: '0'}", ["3:3"]),
        ("environment: {CUDA_VISIBLE_DEVICES: '0'}", "runtime: podman, devices: [cuda0]", []),
        ("environment: {CUDA_VISIBLE_DEVICES: '0'}", "runtime: process, devices: ['cuda:all']", []),
        ("environment: {}", "runtime: podman, devices: ['cuda:all']", []),
        ("devices: 5", "runtime: podman", []),
    ],
)
def test_a_container_with_all_gpus_of_which_some_are_to_be_hidden(engine: str, model: str, expected: list[str]) -> None:
    text = f"engines: {{vllm: {{{engine}}}}}\nmodels:\n  a: {{engine: vllm, model: m, {model}}}\n"
    found = said(visibility.all_of_a_container, text)
    assert [line.partition(" ")[0] for line in found] == expected
    assert all("NVML" in line for line in found)
