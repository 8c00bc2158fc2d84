from __future__ import annotations

from typing import Any

import pytest

from remuda.adapt.container import ContainerRun, model_of

VLLM = ContainerRun(image="vllm/vllm-openai", tag="v0.23.0")


def entry(**keys: Any) -> dict[str, Any]:
    return dict(model_of(ContainerRun(**keys), "podman").entry or {})


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"image": "vllm/vllm-openai", "tag": "v1", "argv": ("--model", "org/m", "--seed", "1")},
            {"engine": "vllm", "runtime": "podman", "image": "vllm/vllm-openai", "tag": "v1", "model": "org/m",
             "settings": {"seed": 1}},
        ),
        (
            {"image": "ghcr.io/ggml-org/llama.cpp", "tag": "server-cuda", "argv": ("-hf", "org/m", "--port", "8000"),
             "gpus": "all", "ports": ("9000:8000",)},
            {"engine": "llama-cpp", "runtime": "podman", "image": "ghcr.io/ggml-org/llama.cpp", "tag": "server-cuda",
             "model": "org/m", "devices": ["cuda:all"], "port": 9000},
        ),
        (
            {"image": "ghcr.io/ggml-org/llama.cpp", "tag": "full", "argv": ("--server", "-hf", "org/m")},
            {"engine": "llama-cpp", "runtime": "podman", "image": "ghcr.io/ggml-org/llama.cpp", "tag": "full",
             "model": "org/m"},
        ),
        (
            {"image": "mine", "digest": "sha256:00", "entrypoint": ("llama-server",), "argv": ("-m", "/m/x.gguf"),
             "volumes": ("/srv/m:/m:ro", "cache:/root/.cache")},
            {"engine": "llama-cpp", "runtime": "podman", "image": "mine", "digest": "sha256:00",
             "executable": "llama-server", "model": "/srv/m/x.gguf", "volumes": ["/srv/m:/m:ro", "cache:/root/.cache"]},
        ),
        (
            {"image": "lmsysorg/sglang", "tag": "v1", "argv": ("python3", "-m", "sglang.launch_server", "--model",
             "org/m"), "shm_size": "32g", "network": "host", "ipc": "host"},
            {"engine": "sglang", "runtime": "podman", "image": "lmsysorg/sglang", "tag": "v1", "model": "org/m",
             "network": "host", "shm_size": "32GiB"},
        ),
        (
            {"image": "vllm/vllm-openai", "tag": "v1", "entrypoint": ("bash", "-c"),
             "argv": ("set -e\npip install x\nexec vllm serve ${env:M} --served-model-name a",),
             "environment": {"HF_TOKEN": None, "A": "1", "NVIDIA_VISIBLE_DEVICES": "1"}},
            {"engine": "vllm", "runtime": "podman", "image": "vllm/vllm-openai", "tag": "v1", "model": "${env:M}",
             "steps": ["pip install x"], "devices": ["cuda1"],
             "environment": {"HF_TOKEN": "${env:HF_TOKEN}", "A": "1"}},
        ),
        (
            {"image": "whisper", "tag": "v1", "entrypoint": ("whisper-server",), "argv": ("--port", "9"),
             "ports": ("8080:9",)},
            {"engine": "command", "runtime": "podman", "image": "whisper", "tag": "v1",
             "cmd": ["whisper-server", "--port", "9"], "port": 9},
        ),
        # Shown at its own path: Remuda does that by itself.
        (
            {"image": "vllm/vllm-openai", "tag": "v1", "argv": ("/w",), "volumes": ("/w:/w:ro", "/c:/c")},
            {"engine": "vllm", "runtime": "podman", "image": "vllm/vllm-openai", "tag": "v1", "model": "/w",
             "volumes": ["/c:/c"]},
        ),
    ],
)  # fmt: skip
def test_a_container(keys: dict[str, Any], expected: dict[str, Any]) -> None:
    assert entry(**keys) == expected


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"image": "nginx", "tag": "1"}, "what the image `nginx` runs is not known, so that it is left out"),
        ({"image": "mine", "argv": ("--model", "x")}, "what the image `mine` runs is not known"),
        ({"image": "ollama/ollama"}, "which model `ollama` serves is not on its command line"),
    ],
)
def test_a_container_without_a_model(keys: dict[str, Any], message: str) -> None:
    found = model_of(ContainerRun(**keys), "docker")
    assert found.entry is None
    assert message in found.remarks[0].message


def test_names_and_ports_are_told_beside_the_entry() -> None:
    run = ContainerRun(
        image="vllm/vllm-openai",
        tag="v1",
        argv=("m", "--served-model-name", "a", "b"),
        ports=("1:2", "127.0.0.1:8001:8000"),
    )
    found = model_of(run, "docker")
    assert (found.served_names, found.outer_port) == (("a", "b"), 1)
    assert [remark.message for remark in found.remarks] == [
        "of the ports `1:2`, `127.0.0.1:8001:8000` only the engine's is kept"
    ]


def test_what_a_container_of_remuda_has_not_is_said() -> None:
    run = ContainerRun(
        image="vllm/vllm-openai",
        argv=("m", "--new"),
        workdir="/w",
        user="1000",
        network="net",
        ipc="container:x",
        environment_files=("a", "b"),
        unknown=("`--privileged` is left out",),
    )
    found = model_of(run, "docker")
    assert [remark.message.split(":")[0] for remark in found.remarks] == [
        "`--new` is not known to be a flag of `vllm`; it is taken for a switch",
        "`--privileged` is left out",
        "the network `net` is left out",
        "the IPC namespace `container",
        "`a` is left out",
        "the working directory `/w` is left out",
        "the user `1000` is left out",
        "the image `vllm/vllm-openai` has no tag",
    ]
    assert found.entry
    assert found.entry["tag"] == "latest"


def test_decisions_are_noted() -> None:
    run = ContainerRun(
        image="vllm/vllm-openai",
        tag="v1",
        entrypoint=("sh", "-c"),
        argv=("a && vllm serve /m/w",),
        ipc="host",
        volumes=("/srv:/m",),
        gpus="2",
        environment={"CUDA_VISIBLE_DEVICES": "1"},
    )
    found = model_of(run, "docker")
    assert found.entry
    assert found.entry["devices"] == ["cuda1"]
    assert found.notes == {
        ("devices",): "--gpus 2 there: any of them; CUDA_VISIBLE_DEVICES=1 there, counted by PCI address here",
        ("image",): "with the IPC namespace of the host there; here with shared memory of its own",
        ("model",): "/m/w in the container",
        ("steps",): "from the script that the container was started with",
    }
