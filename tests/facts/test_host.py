import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.facts.cpu import Cpu
from remuda.facts.device import Device, Link
from remuda.facts.disk import Disk
from remuda.facts.finding import Finding
from remuda.facts.host import Host, document_schema
from remuda.facts.software import Package, Software, Tool
from remuda.facts.system import Drivers, Node, System, User

CPU = Device("cpu", "CPU", 64, 32)
GPU0 = Device("cuda0", "NVIDIA GeForce RTX 3090", 24, 23, "GPU-aaaa")
GPU1 = Device("cuda1", "NVIDIA GeForce GTX 1080 Ti", 11, 10, "GPU-bbbb")
WORKSTATION = Host((CPU, GPU0, GPU1), idle_gpus=(Device("0000:09:00.0", "Arc A770", 0, 0),))

hosts = st.builds(
    Host,
    devices=st.lists(
        st.builds(
            Device,
            name=st.text(),
            title=st.text(),
            total_bytes=st.integers(0, 2**50),
            free_bytes=st.integers(0, 2**50),
            uuid=st.none() | st.text(),
            is_ecc=st.none() | st.booleans(),
            links=st.just((Link("0000:01:00.0", "nvlink", 4),)) | st.just(()),
        )
    ).map(tuple),
    cpu=st.none() | st.builds(Cpu, title=st.text(), architecture=st.text(), threads=st.integers(1, 999)),
    system=st.builds(System, kernel=st.none() | st.text(), drivers=st.builds(Drivers, nvidia=st.none() | st.text())),
    user=st.none() | st.just(User(1000, "das", ("render",))),
    nodes=st.just((Node("/dev/kfd", "crw-rw----", "root", "render", is_open=False),)) | st.just(()),
    disks=st.just((Disk("/", "ext4", "/dev/sda1", 10, 5),)) | st.just(()),
    software=st.builds(
        Software,
        tools=st.just((Tool("nix", "/bin/nix"),)) | st.just(()),
        packages=st.just((Package("vllm", "0.13.0", "/x"),)) | st.just(()),
    ),
    findings=st.just((Finding("CDI", "slow", "no answer"),)) | st.just(()),
)


@given(hosts)
def test_a_host_is_what_its_document_says(host: Host) -> None:
    text = host.to_json()
    assert Host.from_json(text) == host
    jsonschema.validate(json.loads(text), document_schema())


def test_the_schema_in_the_repository_is_that_of_the_code() -> None:
    kept = Path(__file__).parents[2] / "schema" / "facts.schema.json"
    assert json.loads(kept.read_text()) == json.loads(json.dumps(document_schema())), "run scripts/generate"


def test_a_newer_document_is_read_with_a_note_of_each_field_that_is_not_known() -> None:
    document = json.loads(WORKSTATION.to_json())
    document |= {"version": 2, "mood": "fine"}
    document["devices"][1]["smell"] = {"of": "ozone"}
    host = Host.from_json(json.dumps(document))
    assert host.devices == WORKSTATION.devices
    assert [finding.kind for finding in host.findings] == ["newer", "newer"]
    assert [finding.message.split(" ")[0] for finding in host.findings] == ["`devices[1].smell`", "`mood`"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "input data was truncated"),
        ("not JSON", "JSON is malformed"),
        ("[]", "expected `object`, got `array`"),
        ("{}", "expected `int`, got `null`"),
        ('{"version": 1, "devices": [{"name": 3}]}', r"expected `str`, got `int` - at `\$\.devices\[0\]\.name`"),
    ],
)
def test_what_is_no_such_document_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=f"cannot read the facts of a host: {reason}"):
        Host.from_json(text)


def test_what_our_engines_hold_counts_as_free() -> None:
    freed = WORKSTATION.with_freed({"cpu": 5})
    assert [device.free_bytes for device in freed.devices] == [37, 23, 10]
    assert freed.idle_gpus == WORKSTATION.idle_gpus


def test_no_more_of_a_device_is_free_than_there_is() -> None:
    freed = WORKSTATION.with_freed({"cuda0": 23, "cpu": 64})
    assert [device.free_bytes for device in freed.devices] == [64, 24, 10]


def test_gpus_are_all_but_the_cpu_those_that_cannot_be_used_last() -> None:
    assert [device.title for device in WORKSTATION.gpus] == [GPU0.title, GPU1.title, "Arc A770"]
    assert WORKSTATION.of_kind("cuda") == (GPU0, GPU1)
    assert WORKSTATION.device("cuda7") is None
