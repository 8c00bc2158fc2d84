from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.container import Contained, after_steps, contained, container_name, inside
from remuda.spec.fleet import Fleet
from remuda.spec.merge import effective

HOST = Host(
    (
        Device("cuda0", "A", 1, 1, uuid="GPU-a"),
        Device("cuda1", "B", 1, 1),
        Device("rocm0", "C", 1, 1, uuid="GPU-c"),
        Device("cpu", "CPU", 1, 1),
    )
)


def made(engine: str, *devices: str) -> Contained:
    fleet = Fleet.model_validate({"models": {"tiny": {"engine": engine, "model": "org/tiny", "runtime": "podman"}}})
    return contained(effective(fleet, "tiny"), "localhost/x:1", HOST, devices)


@pytest.mark.parametrize(
    ("devices", "entries"),
    [
        ((), ()),
        (("cpu",), ()),
        (("cuda0",), ("nvidia.com/gpu=GPU-a",)),
        (("cuda1", "cpu"), ("nvidia.com/gpu=1",)),
        (("cuda0", "cuda1"), ("nvidia.com/gpu=GPU-a", "nvidia.com/gpu=1")),
        (("rocm0", "rocm1"), ("/dev/kfd", "/dev/dri")),
    ],
)
def test_the_devices_of_a_container(devices: tuple[str, ...], entries: tuple[str, ...]) -> None:
    assert made("vllm", *devices).devices == entries


@pytest.mark.parametrize(("engine", "shm_bytes"), [("vllm", 32 * 2**30), ("sglang", 32 * 2**30), ("llama-cpp", None)])
def test_engines_whose_workers_share_memory_get_some(engine: str, shm_bytes: int | None) -> None:
    assert made(engine).shm_bytes == shm_bytes


@pytest.mark.parametrize(
    ("model_id", "unit", "name"),
    [
        ("tiny-a", None, "remuda-tiny-a"),
        ("qwen3.6-27b_x", None, "remuda-qwen3.6-27b_x"),
        ("org/tiny:8b", None, "remuda-org-tiny-8b-c7db9f19"),
        ("org/tiny:8b", "my-unit", "my-unit"),
    ],
)
def test_names(model_id: str, unit: str | None, name: str) -> None:
    assert container_name(model_id, unit) == name


@given(st.text(min_size=1), st.text(min_size=1))
def test_every_name_is_one_and_two_models_never_share_it(one: str, other: str) -> None:
    names = container_name(one), container_name(other)
    assert all(re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", name) for name in names)
    assert (names[0] == names[1]) == (one == other)


def test_inside_only_its_own_gpus_are_there_to_be_counted() -> None:
    visible = {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "ROCR_VISIBLE_DEVICES": "GPU-c"}
    assert inside(visible) == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "ROCR_VISIBLE_DEVICES": "GPU-c"}
    assert inside({"CUDA_VISIBLE_DEVICES": ""}) == {"CUDA_VISIBLE_DEVICES": ""}


def ran(*steps: str, argv: tuple[str, ...] = ("printf", "engine")) -> tuple[int, str]:
    done = subprocess.run(after_steps(steps, argv), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_steps_run_in_one_shell_before_the_engine() -> None:
    assert after_steps((), ("vllm", "serve")) == ("vllm", "serve")
    assert ran("cd /usr", "X=1; export X", argv=("sh", "-c", "echo $PWD $X")) == (0, "/usr 1\n")
    assert ran("if true\nthen printf 'a\n'\nfi\n", "# only said", "printf ${X:-b}") == (0, "a\nbengine")


@pytest.mark.parametrize("failing", ["exit 3", "(exit 3)", "true\n(exit 3)\ntrue"])
def test_the_first_step_that_fails_ends_it(failing: str) -> None:
    assert ran("printf one", failing, "printf two") == (3, "one")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_no_word_of_the_engine_is_read_by_the_shell(words: list[str]) -> None:
    argv = after_steps(("true",), ("printf", r"%s\0", *words))
    done = subprocess.run(argv, capture_output=True, check=True)
    assert done.stdout == "".join(f"{word}\0" for word in words).encode()
