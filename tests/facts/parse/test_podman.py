import json

import pytest

from remuda.facts.parse.podman import images, runtime
from remuda.facts.software import Image, Runtime
from tests.facts.host_table import podman

INFO, IMAGES = (json.dumps(value) for value in podman("5.4.2").values())


def test_podman_says_who_it_runs_for_and_how() -> None:
    assert runtime(INFO, "/usr/libexec/podman/quadlet") == Runtime(
        "podman",
        "5.4.2",
        "rootless",
        2,
        "systemd",
        "crun",
        "overlay",
        ("/etc/cdi", "/var/run/cdi"),
        "/usr/libexec/podman/quadlet",
    )


def test_an_old_podman_knows_no_cdi() -> None:
    assert runtime(INFO.replace("5.4.2", "3.4.4"), None).cdi_folders == ()


def test_an_image_has_each_of_its_names() -> None:
    first, *others = images(IMAGES)
    assert first.reference == "docker.io/vllm/vllm-openai:v0.23.0"
    assert others == []
    assert images('[{"Names": ["a:1", "b:1"], "Size": 5}]') == (Image("a:1", "podman", 5), Image("b:1", "podman", 5))


def test_an_answer_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        runtime("{}", None)
