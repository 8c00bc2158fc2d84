"""What is said once for an engine, and what llmhop 1 is told otherwise."""

from __future__ import annotations

from typing import Any

from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.nixos_llmhop.module import Module, lists, of_first


def options(own: str, *models: str) -> dict[str, Any]:
    listed = "".join(
        f"  m{at}: {{engine: vllm, runtime: podman, model: x/y, {keys}}}\n" for at, keys in enumerate(models)
    )
    text = f"engines: {{vllm: {{image: i, tag: t, devices: [cpu], uid: 5, sub_uid_start: 300000, {own}}}}}\nmodels:\n"
    fleet, _, _ = load_fleet(f"{text}{listed}lint: {{model_ids: 'off'}}\n", "remuda.yaml")
    request = Request(fleet)
    ports = {f"m{at}": 8000 + at for at in range(len(models))}
    return Module("vllm", fleet.engines["vllm"], request.models(), ports, Host(())).options()


def test_what_a_model_drops_is_not_said_for_all() -> None:
    found = options("settings: {a: 1, b: 2}", "settings: {a: null}", "settings: {b: 3}")
    assert found["modelSettings"] == {"b": 2}
    assert found["models"]["m0"].get("settings") is None
    assert found["models"]["m1"]["settings"] == {"a": 1, "b": 3}


def test_a_number_is_no_truth() -> None:
    found = options("settings: {a: 1}", "settings: {a: true}", "name: b")
    assert found["modelSettings"] == {"a": 1}
    assert found["models"]["m0"]["settings"] == {"a": True}


def test_llmhop_1_is_told_objects_as_texts_and_no_lists() -> None:
    found = options("settings: {hf-overrides: {b: [1], a: ü}}", "settings: {lora-modules: [1, 2]}", "name: b")
    assert of_first(found)["modelSettings"] == {"hf-overrides": '{"a":"ü","b":[1]}'}
    assert list(lists(found)) == [("m0", "lora-modules")]
