from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from remuda.spec.rules import commands
from tests.spec.reading import said

# From a design note for an MI50 desktop, "Specify MI50 GPU".
MI50 = """HIP_VISIBLE_DEVICES=GPU-0e54792172da5eeb docker run --rm -it \
  --device=/dev/kfd \
  --device=/dev/dri \
  --group-add video \
  -v ~/.cache/huggingface:/root/.cache/huggingface \
  -p ${PORT}:8000 \
  --ipc=host \
  vllm/vllm-openai-rocm:latest \
  --model Qwen/Qwen2.5-Coder-7B-Instruct \
  --host 0.0.0.0"""
# What the guide of a llama-swap module pins for its `docker run`.
PINNED = "docker run --gpus all -e CUDA_VISIBLE_DEVICES=0 -e CUDA_DEVICE_ORDER=PCI_BUS_ID -p ${PORT}:8000 vllm"


def fleet(cmd: object, environment: Mapping[str, str] | None = None) -> str:
    return json.dumps({"models": {"a": {"cmd": cmd, "environment": environment or {}}}})


def test_a_command_that_begins_as_for_a_shell() -> None:
    assert said(commands.assignments, fleet(MI50)) == [
        "1:26 `models.a.cmd` begins by `HIP_VISIBLE_DEVICES=…`, as for a shell, but none runs: it would be the program"
    ]
    assert said(commands.outside, fleet(MI50)) == []


def test_in_a_shell_its_variable_does_not_reach_the_container() -> None:
    expected = "warning: `models.a.cmd`: `HIP_VISIBLE_DEVICES` is set for `docker` and does not reach the container"
    for cmd in (["bash", "-c", MI50], f"sh -ec '{MI50}'", ["/bin/bash", "-lc", f"exec env {MI50}"]):
        (found,) = said(commands.outside, fleet(cmd))
        assert found.partition(" ")[2] == expected


@pytest.mark.parametrize(
    ("cmd", "environment", "lost"),
    [
        ("docker run -p ${PORT}:8000 vllm", {"HIP_VISIBLE_DEVICES": "GPU-0e54792172da5eeb"}, 1),
        ("/usr/bin/podman container run vllm", {"HF_TOKEN": "x", "HSA_OVERRIDE_GFX_VERSION": "11.0.0"}, 2),
        ("docker run -e HIP_VISIBLE_DEVICES vllm", {"HIP_VISIBLE_DEVICES": "0"}, 0),
        ("docker run -eHF_TOKEN vllm", {"HF_TOKEN": "x"}, 0),
        ("docker run --env=HF_TOKEN=${x} vllm", {"HF_TOKEN": "x"}, 0),
        ("docker run --env-file=/etc/vllm.env vllm", {"HF_TOKEN": "x"}, 0),
        ("docker run -e HF_TOKEN_PATH=/t vllm", {"HF_TOKEN": "x"}, 1),
        ("docker run vllm", {"DOCKER_HOST": "unix:///run/docker.sock", "LANG": "C"}, 0),
        ("sh -c 'DOCKER_HOST=ssh://h docker run vllm'", {}, 0),
        ("docker compose up", {"HF_TOKEN": "x"}, 0),
        ("vllm serve", {"HF_TOKEN": "x"}, 0),
        ("sh script.sh", {"HF_TOKEN": "x"}, 0),
        ("broken 'quote", {"HF_TOKEN": "x"}, 0),
        (5, {"HF_TOKEN": "x"}, 0),
    ],
)
def test_what_reaches_the_container(cmd: object, environment: Mapping[str, str], lost: int) -> None:
    assert len(said(commands.outside, fleet(cmd, environment))) == lost


@pytest.mark.parametrize(
    ("cmd", "environment", "count"),
    [
        (PINNED, {}, 1),
        (PINNED.replace("--gpus all", "--gpus=all"), {}, 1),
        (PINNED.replace("--gpus all", "--device nvidia.com/gpu=all"), {}, 1),
        (PINNED.replace("--gpus all", "--device nvidia.com/gpu=1"), {}, 0),
        (PINNED.replace("CUDA_VISIBLE", "OTHER"), {}, 0),
        ("docker run --gpus all vllm", {"CUDA_VISIBLE_DEVICES": "0"}, 1),
        (f"sh -c 'CUDA_VISIBLE_DEVICES=0 {PINNED}'", {}, 1),
        ("vllm serve --gpus all", {"CUDA_VISIBLE_DEVICES": "0"}, 0),
    ],
)
def test_all_gpus_for_an_engine_that_is_to_see_one(cmd: str, environment: Mapping[str, str], count: int) -> None:
    assert len(said(commands.all_gpus, fleet(cmd, environment))) == count


def test_a_variable_may_be_called_anything() -> None:
    (found,) = said(commands.outside, fleet("docker run vllm ${PORT}", {"CUDA_{9999999999}": "1"}))
    assert "`CUDA_{9999999999}` is set for `docker` and does not reach the container" in found
