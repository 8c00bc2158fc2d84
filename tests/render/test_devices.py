from __future__ import annotations

import pytest

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.devices import missing

HOST = Host((Device("cuda0", "A", 1, 1, uuid="GPU-aaaa"), Device("cpu", "CPU", 1, 1)))


def found(devices: str, host: Host = HOST, budget: str = "{}") -> list[str]:
    text = f"residency: {{budget: {budget}}}\nmodels: {{a: {{engine: vllm, model: o/a, devices: [{devices}]}}}}"
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return [problem.message for problem in missing(Request(fleet, host))]


@pytest.mark.parametrize("devices", ['cuda0, "cuda:all"', "cpu, GPU-aaaa", "npu0, /dev/dri"])
def test_what_is_there_or_is_no_gpu_of_ours(devices: str) -> None:
    assert found(devices) == []


def test_what_is_not_there() -> None:
    what = "which the machine of these facts does not have"
    assert found('cuda1, "rocm:all"') == [
        f"`models.a.devices` has `cuda1`, {what}",
        f"`models.a.devices` has `rocm:all`, {what}",
    ]
    assert found("cuda1", Host(())) == []
    assert found("cuda1", budget="{cuda1: 1GiB}") == []
