from typing import Any

import pytest

from remuda.engines import ENGINES
from remuda.engines.contract import Order
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.quoting.llama_swap import split
from remuda.render.contract import Request
from remuda.render.llama_swap.process import MACROS, problems, process
from remuda.spec.merge import Effective
from remuda.spec.yaml_text import to_yaml
from tests.render.llama_swap import reader

HOST = Host((Device("cuda0", "A", 1, 1, "GPU-a"), Device("rocm0", "B", 1, 1, "GPU-b")))
SETTINGS = '{max-model-len: 4096, hf-overrides: {a: "it\'s $HOME $${X} #1"}}'


def model(keys: str) -> Effective:
    fleet, _, _ = load_fleet(f"models: {{a: {{{keys}}}}}", "remuda.yaml")
    (found,) = Request(fleet).models()
    return found


def read(found: Effective, host: Host = HOST) -> dict[str, Any]:
    """The model as llama-swap has it once it has read the file."""
    made = process(found, host)
    entry = {"cmd": made.cmd, "env": list(made.env), "proxy": made.proxy}
    config = reader.load(to_yaml({"macros": MACROS, "models": {"a": entry}}), {"KEY": 'a "quoted" \\ key'})
    return dict(config["models"]["a"])


@pytest.mark.parametrize("engine", sorted(name for name, engine in ENGINES.items() if engine.PROGRAMS))
def test_llama_swap_starts_the_words_that_remuda_would(engine: str) -> None:
    settings = f"settings: {SETTINGS}" if engine in ("vllm", "sglang") else "name: x"
    found = model(f"engine: {engine}, model: /m/x.gguf, devices: [cuda0], executable: /bin/e, {settings}")
    entry = read(found)
    order = Order("a", ("/bin/e",), "127.0.0.1", 5800, model="/m/x.gguf", settings={**found.settings})
    if engine in ("vllm", "sglang"):
        order.settings["hf-overrides"]["a"] = "it's $HOME ${X} #1"
    launch = ENGINES[engine].launch(order)
    words = list(split(entry["cmd"]))
    others = [word for word in words[: words.index("/bin/e")] if word != "env"]
    assert words[words.index("/bin/e") :] == list(launch.argv)
    visible = ["CUDA_VISIBLE_DEVICES=GPU-a", "ROCR_VISIBLE_DEVICES=", "CUDA_DEVICE_ORDER=PCI_BUS_ID"]
    expected = {*visible, *(f"{name}={value}" for name, value in launch.environment.items())}
    assert {*entry["env"], *others} == expected
    assert entry["proxy"] == "http://127.0.0.1:5800"


def test_a_container_is_run_and_stopped_by_its_program() -> None:
    keys = "engine: vllm, model: x/y, runtime: docker, image: i, tag: t, devices: [cuda0], shm_size: 1GiB"
    found = model(f'{keys}, port: 9000, environment: {{T: "${{env:KEY}}"}}, environment_file: /e')
    words = list(split(read(found)["cmd"]))
    assert words[:3] == ["docker", "run", "--rm"]
    for expected in (
        ["--publish", "127.0.0.1:9000:9000"],
        ["--device", "nvidia.com/gpu=GPU-a"],
        ["--shm-size", str(2**30)],
        ["--env", "T"],
        ["--env-file", "/e"],
        ["--entrypoint", "vllm", "i:t", "serve", "x/y"],
    ):
        assert any(words[place : place + len(expected)] == expected for place in range(len(words))), expected
    assert read(found)["env"] == ['T=a "quoted" \\ key']
    assert process(found, HOST).cmd_stop == "docker stop --time 15 remuda-a"


@pytest.mark.parametrize(("devices", "entry"), [("cuda:all", "nvidia.com/gpu=all"), ("rocm:all", "/dev/kfd")])
def test_all_gpus_of_a_machine_that_nobody_knows(devices: str, entry: str) -> None:
    keys = "engine: vllm, model: x/y, runtime: podman, image: i, tag: t, network: host"
    words = list(split(read(model(f'{keys}, devices: ["{devices}"]'), Host(()))["cmd"]))
    assert entry in words
    assert words[words.index("--network") + 1] == "host"


@pytest.mark.parametrize(
    "keys",
    [
        "engine: vllm, model: x/y, runtime: podman",
        "engine: vllm, model: x/y, runtime: systemd",
        "engine: vllm, model: x/y, environment_file: /e",
        "engine: vllm, model: x/y, devices: [npu0]",
    ],
)
def test_what_llama_swap_cannot_start(keys: str) -> None:
    (problem,) = problems(model(keys), HOST)
    assert problem.hint
