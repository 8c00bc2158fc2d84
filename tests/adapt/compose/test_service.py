from typing import Any

import pytest

from remuda.adapt.compose.service import container
from remuda.adapt.compose.tree import Report
from remuda.adapt.container import ContainerRun
from tests.adapt.compose.files import opened, said


def read(keys: str, **environment: str) -> tuple[ContainerRun | None, list[str]]:
    project, report = opened(f"services: {{s: {{{keys}}}}}", environment), Report()
    found = container(project, project.service("s", report), report)
    return found.run if found else None, said(report)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("image: a/b", {"image": "a/b"}),
        ("image: 'r:5000/a/b:t'", {"image": "r:5000/a/b", "tag": "t"}),
        ("image: 'r:5000/a/b'", {"image": "r:5000/a/b"}),
        ("image: 'a:t@sha256:1'", {"image": "a", "tag": "t", "digest": "sha256:1"}),
        ("command: a 'b c' --x=\"d e\"", {"argv": ("a", "b c", "--x=d e")}),
        ("command: [a, 'b c', '']", {"argv": ("a", "b c", "")}),
        ("command: ['$$a', '$${b}', '$$$$']", {"argv": ("$a", "$${b}", "$$$$")}),
        ("command: [--key, '${K_TOKEN}']", {"argv": ("--key", "${env:K_TOKEN}")}),
        ("entrypoint: [], command: [a]", {"argv": ("a",)}),
        ("entrypoint: sh -c", {"entrypoint": ("sh", "-c")}),
        ("gpus: all", {"gpus": "all"}),
        ("gpus: [{device_ids: ['0', '1']}]", {"gpus": '"device=0,1"'}),
        ("gpus: all, environment: [NVIDIA_VISIBLE_DEVICES=2]", {"gpus": '"device=2"'}),
        ("runtime: nvidia", {"gpus": "all"}),
        ("devices: ['/dev/dri:/dev/dri', nvidia.com/gpu=0]", {"devices": ("/dev/dri:/dev/dri", "nvidia.com/gpu=0")}),
        ("ports: ['127.0.0.1:1:2', '3', '[::1]:4:5']", {"ports": ("127.0.0.1:1:2", "3", "[::1]:4:5")}),
        ("shm_size: 16gb, ipc: host, network_mode: host", {"shm_size": "16gb", "ipc": "host", "network": "host"}),
    ],
)
def test_containers(keys: str, expected: dict[str, Any]) -> None:
    found, messages = read(keys, K_TOKEN="planted")
    assert messages == []
    assert found is not None
    kept = {key: value for key, value in expected.items() if key != "environment"}
    assert {key: getattr(found, key) for key in kept} == kept


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("user: '1000'", "`user: 1000` is left out: the image's user is used"),
        ("working_dir: /w", "`working_dir: /w` is left out: the image's directory is used"),
        ("ipc: 'service:x'", "`ipc: service:x` is left out: a container has its own"),
        (
            "network_mode: none",
            "`network_mode: none` is left out: the gateway reaches the engine by a port of the host",
        ),
        ("runtime: kata", "`runtime: kata` is left out: the default runtime is used"),
        ("devices: [tpu]", "the device `tpu` is left out: it is no device node and no CDI name"),
        ("command: a > b", "cannot read `a > b` as words: compose drops all from `>` on"),
    ],
)
def test_what_is_not_taken_over_is_said(keys: str, message: str) -> None:
    assert read(keys)[1] == [f"compose.yaml:1: {message}"]
