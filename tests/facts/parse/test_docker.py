import json

import pytest

from remuda.errors import ProbeError
from remuda.facts.parse.docker import images, runtime
from remuda.facts.software import Image, Runtime
from tests.facts.host_table import DOCKER

INFO = DOCKER["docker info --format {{json .}}"]


def test_docker_says_who_it_runs_for_and_how() -> None:
    assert runtime(json.dumps(INFO)) == Runtime(
        "docker", "28.3.0", "root", 2, "systemd", "runc", "overlay2", ("/etc/cdi", "/var/run/cdi")
    )
    assert runtime(json.dumps({**INFO, "SecurityOptions": ["name=rootless"]})).runs_as == "rootless"


def test_a_client_without_a_daemon_is_told_so() -> None:
    with pytest.raises(ProbeError, match="docker does not answer: permission denied"):
        runtime('{"ServerErrors": ["permission denied"]}')


def test_sizes_are_read_as_printed_and_images_without_a_name_left_out() -> None:
    rows = [
        {"Repository": "a/b", "Tag": "v1", "Digest": "sha256:ff", "Size": "2.91GB"},
        {"Repository": "a/b", "Tag": "<none>", "Digest": "sha256:ff", "Size": "1kB"},
        {"Repository": "c", "Tag": "v2", "Digest": "<none>", "Size": "13.3kB"},
    ]
    assert images("\n".join(map(json.dumps, rows))) == (
        Image("a/b:v1", "docker", 2_910_000_000, "sha256:ff"),
        Image("c:v2", "docker", 13_300),
    )


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="`N/A` is no size"):
        images('{"Repository": "a", "Tag": "b", "Size": "N/A"}')
