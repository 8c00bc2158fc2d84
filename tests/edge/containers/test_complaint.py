from __future__ import annotations

import pytest

from remuda.edge.containers.complaint import complaint
from remuda.engines.contract import FailureKind

SAID = [
    ("Error: rootlessport listen tcp 127.0.0.1:8301: bind: address already in use", FailureKind.PORT_TAKEN, None),
    (
        "Error response from daemon: driver failed programming: Bind for 127.0.0.1:8301: port is already allocated",
        FailureKind.PORT_TAKEN,
        None,
    ),
    ("Error: setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=GPU-1", FailureKind.DRIVER_LOST, "CDI"),
    (
        "Error: runc: mount /usr/lib/libcuda.so.535.129.03:…: no such file or directory",
        FailureKind.DRIVER_LOST,
        "nvidia-ctk cdi generate",
    ),
    ("Error: stat /dev/kfd: no such file or directory", FailureKind.DRIVER_LOST, "modprobe amdgpu"),
    (
        "Error: container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file",
        FailureKind.NOT_INSTALLED,
        "catatonit",
    ),
    (
        'Error response from daemon: OCI runtime create failed: exec: "vllm": executable file not found in $PATH',
        FailureKind.NOT_INSTALLED,
        "executable",
    ),
    ("Error: reading manifest v9 in docker.io/x/y: manifest unknown", FailureKind.NOT_INSTALLED, "name and tag"),
    (
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        FailureKind.UNREACHABLE,
        "runtime: podman",
    ),
    ("Error: something else", FailureKind.EXITED, None),
]


@pytest.mark.parametrize(("said", "kind", "hint"), SAID)
def test_what_a_complaint_means(said: str, kind: FailureKind, hint: str | None) -> None:
    error = complaint("cannot start the container `x`", said)
    assert error.kind is kind
    assert error.hint is None if hint is None else hint in (error.hint or "")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ('time="x" level=warning msg="about CNI"\nError: the reason\n', "the reason"),
        ("Error response from daemon: the reason\nError: failed to start containers: x", "the reason"),
        ("no prefix\nat all", "at all"),
        ("", "it gave no reason"),
    ],
)
def test_its_words(said: str, text: str) -> None:
    assert complaint("cannot look", said).message == f"cannot look: {text}"
