"""What the plan says of models in containers."""

from __future__ import annotations

from typing import Any

import pytest

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.plan import Instance, Plan, decide
from remuda.spec.fleet import Fleet

HOST = Host((Device("cuda0", "A", 2**34, 2**34, uuid="GPU-a"), Device("cpu", "CPU", 2**34, 2**34)))
KEYS = {"engine": "vllm", "runtime": "podman", "model": "org/tiny", "image": "docker.io/vllm/vllm-openai"}


def plan(**keys: Any) -> Plan:
    return decide(Fleet.model_validate({"models": {"tiny": {**KEYS, **keys}}}), HOST)


def instance(**keys: Any) -> Instance:
    return plan(tag="v1", **keys).instances["tiny"]


@pytest.mark.parametrize("runtime", ["podman", "docker"])
def test_a_container_has_its_image_and_its_devices(runtime: str) -> None:
    contained = instance(runtime=runtime, shm_size="1GiB", volumes=["/a:/b"], network="host").contained
    assert contained is not None
    assert contained.image == "docker.io/vllm/vllm-openai:v1"
    assert contained.devices == ("nvidia.com/gpu=GPU-a",)
    assert (contained.shm_bytes, contained.volumes, contained.is_on_host_network) == (2**30, ("/a:/b",), True)


def test_a_process_has_no_container() -> None:
    assert instance(runtime="process").contained is None


@pytest.mark.parametrize(
    "keys", [{"volumes": ["/a:/b"]}, {"image": "localhost/other"}, {"unit": "x"}, {"steps": ["true"]}]
)
def test_what_surrounds_an_instance_decides_whether_it_is_another_one(keys: dict[str, Any]) -> None:
    assert instance(**keys).fingerprint != instance().fingerprint
    assert instance().fingerprint == instance().fingerprint


def test_an_image_without_its_tag_is_refused() -> None:
    (refusal,) = plan().refusals
    assert refusal.message == "cannot run `tiny`: runtime `podman` needs an image with its tag or digest"
    assert refusal.path == ("models", "tiny", "runtime")
