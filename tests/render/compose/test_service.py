from typing import Any

import pytest

from remuda.engines.contract import Readiness
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.render.compose.service import healthcheck, service, serviced
from remuda.render.contract import Request

HOST = Host(
    (
        Device("cpu", "CPU", 64, 64),
        Device("cuda0", "A", 24, 24, "GPU-a"),
        Device("cuda1", "B", 24, 24, "GPU-b"),
        Device("rocm0", "C", 32, 32, "GPU-c"),
    )
)


def made(keys: str, host: Host = HOST, engine: str = "{}") -> dict[str, Any]:
    text = f"engines: {{vllm: {engine}}}\nmodels: {{a: {{runtime: podman, image: i, tag: t, {keys}}}}}"
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    (model,) = Request(fleet, host).models()
    return service(fleet, serviced(model, 18001, host), ())


def reserved(found: dict[str, Any]) -> Any:
    return found["deploy"]["resources"]["reservations"]["devices"]


ANYWHERE = "0.0.0.0"  # noqa: S104  inside of its container
VLLM = "engine: vllm, model: x/y"


@pytest.mark.parametrize(
    ("devices", "host", "which"),
    [
        ("[cuda1]", HOST, {"device_ids": ["GPU-b"]}),
        ('["cuda:all"]', HOST, {"device_ids": ["GPU-a", "GPU-b"]}),
        ("[cuda1]", Host(()), {"device_ids": ["1"]}),
        ('["cuda:all"]', Host(()), {"count": "all"}),
    ],
)
def test_nvidias_gpus_by_what_is_known_of_them(devices: str, host: Host, which: dict[str, Any]) -> None:
    found = made(f"{VLLM}, devices: {devices}", host)
    assert reserved(found) == [{"driver": "nvidia", **which, "capabilities": ["gpu"]}]
    assert "CUDA_VISIBLE_DEVICES" not in found["environment"]


def test_amds_gpus_are_nodes_of_which_the_environment_shows_some() -> None:
    found = made(f"{VLLM}, devices: [rocm0]")
    assert found["devices"] == ["/dev/kfd", "/dev/dri"]
    assert found["environment"]["ROCR_VISIBLE_DEVICES"] == "GPU-c"
    assert "deploy" not in found


def test_a_model_on_the_cpu_is_given_no_gpu() -> None:
    found = made(f"{VLLM}, devices: [cpu]")
    assert not {"deploy", "devices"} & found.keys()
    assert found["environment"]["CUDA_VISIBLE_DEVICES"] == ""


def test_the_port_is_on_loopback_and_the_engine_listens_to_its_container() -> None:
    found = made(f"{VLLM}, devices: [cpu]")
    assert found["ports"] == ["127.0.0.1:18001:18001"]
    assert found["command"][2:4] == ["--host", ANYWHERE]
    found = made(f"{VLLM}, devices: [cpu], network: host")
    assert "ports" not in found
    assert found["network_mode"] == "host"
    assert found["command"][2:4] == ["--host", "127.0.0.1"]


def test_limits_shared_memory_and_open_files() -> None:
    found = made(f"{VLLM}, devices: [cpu], limits: {{memory: 1GiB, cpus: 2}}", engine="{open_files_limit: 9}")
    assert (found["mem_limit"], found["cpus"], found["shm_size"]) == (2**30, 2, 32 * 2**30)
    assert found["ulimits"] == {"nofile": 9}


def test_what_is_always_on_has_no_profile() -> None:
    assert made(f"{VLLM}, devices: [cpu]")["profiles"] == ["a"]
    assert "profiles" not in made(f"{VLLM}, devices: [cpu], always_on: true")
    assert "profiles" not in made(f"{VLLM}, devices: [cpu], preload: true")


def test_weights_that_are_missing_are_not_made_up() -> None:
    (volume,) = made("engine: llama-cpp, model: /m/$a.gguf, devices: [cpu]")["volumes"]
    assert volume["source"] == "/m/$$a.gguf"
    assert volume["bind"] == {"create_host_path": False}


def test_health_is_asked_with_what_the_image_has() -> None:
    assert healthcheck("command", Readiness(None), 1) is None
    assert (healthcheck("ollama", Readiness("/api/version"), 1) or {})["test"] == ["CMD", "ollama", "list"]
    kind, script = (healthcheck("vllm", Readiness("/health"), 8000) or {})["test"]
    assert kind == "CMD-SHELL"
    assert "http://127.0.0.1:8000/health" in script
