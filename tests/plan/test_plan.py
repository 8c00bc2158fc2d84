"""Plans of small fleets on hosts that are written down, not looked for."""

import dataclasses
import math

import pytest

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.plan.plan import Plan, decide
from remuda.plan.sharing import Sharing, Standing

GIB = 1024**3
LAPTOP = Host((Device("cpu", "CPU", 32 * GIB, 20 * GIB),))
CARD = Device("cuda0", "NVIDIA GeForce RTX 3090", 24 * GIB, 23 * GIB, "GPU-aaaa")
DESKTOP = Host((*LAPTOP.devices, CARD))
AMD = Host((*LAPTOP.devices, Device("rocm0", "AMD Instinct MI50", 32 * GIB, 31 * GIB, render="renderD128")))


def plan(text: str, host: Host = LAPTOP, *only: str) -> Plan:
    fleet, _, _ = load_fleet(text + "\nlint: {model_ids: 'off'}\n", "remuda.yaml")
    return decide(fleet, host, only=only)


def refusals(made: Plan) -> list[tuple[str, str]]:
    return [(".".join(map(str, problem.path)), problem.message) for problem in made.refusals]


def test_declared_memory_is_claimed_of_each_device() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [cuda0, cpu], memory: 2GiB}}", DESKTOP)
    assert made.instances["a"].claims == {"cuda0": 2 * GIB, "cpu": 2 * GIB}
    assert made.budget == {"cuda0": 23 * GIB, "cpu": 20 * GIB}


def test_memory_may_differ_by_device() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [cuda0, cpu], memory: {cuda0: 2GiB}}}", DESKTOP)
    assert made.instances["a"].claims == {"cuda0": 2 * GIB, "cpu": 0}


def test_the_hosts_memory_may_be_claimed_beside_a_gpu() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [cuda0], memory: {cuda0: 2GiB, cpu: 5GiB}}}", DESKTOP)
    assert made.instances["a"].devices == ("cuda0",)
    assert made.instances["a"].claims == {"cuda0": 2 * GIB, "cpu": 5 * GIB}


def test_a_model_without_declared_memory_has_its_devices_to_itself() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [cuda0]}}", DESKTOP)
    assert made.instances["a"].claims == {"cuda0": 23 * GIB}


def test_a_set_says_what_fits_for_models_without_declared_memory() -> None:
    text = "models: {a: {engine: vllm, model: o/a}, b: {engine: vllm, model: o/b}, c: {engine: vllm, model: o/c}}"
    made = plan(text + "\nresidency: {sets: {pair: a & b}}", DESKTOP)
    assert made.sharing.families == (frozenset("ab"),)
    assert made.instances["a"].claims == {"cuda0": 0}
    assert made.instances["c"].claims == {"cuda0": 23 * GIB}


def test_a_declared_budget_wins_and_may_stand_for_an_unknown_device() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [rocm0]}}\nresidency: {budget: {rocm0: 31GiB}}")
    assert not made.refusals
    assert made.budget == {"rocm0": 31 * GIB}


def test_without_devices_a_model_takes_the_gpus_else_the_cpu() -> None:
    text = "models: {a: {engine: vllm, model: o/a}}"
    assert plan(text, DESKTOP).instances["a"].devices == ("cuda0",)
    assert plan(text, LAPTOP).instances["a"].devices == ("cpu",)


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [cuda1]}}", DESKTOP)
    assert refusals(made) == [("models.a.devices", "cannot place `a`: device `cuda1` was not found on this machine")]
    assert "`cpu`, `cuda0`" in str(made.refusals[0].hint)


@pytest.mark.parametrize(
    ("devices", "host", "placed", "given"),
    [
        ("/dev/vfio/7", LAPTOP, ("cpu",), ("/dev/vfio/7",)),
        ("/dev/dri, cpu", LAPTOP, ("cpu",), ("/dev/dri",)),
        ("/dev/kfd, /dev/dri", AMD, ("rocm0",), ("/dev/kfd", "/dev/dri")),
        ("rocm0, /dev/vfio/7", AMD, ("rocm0",), ("/dev/kfd", "/dev/dri", "/dev/vfio/7")),
        ("/dev/dri/renderD128", AMD, ("rocm0",), ("/dev/kfd", "/dev/dri")),
    ],
)
def test_a_container_is_given_the_nodes_that_its_model_names(
    devices: str, host: Host, placed: tuple[str, ...], given: tuple[str, ...]
) -> None:
    made = plan(f"models: {{a: {{cmd: x, port: 9, runtime: podman, image: i, tag: t, devices: [{devices}]}}}}", host)
    assert refusals(made) == []
    contained = made.instances["a"].contained
    assert contained
    assert (made.instances["a"].devices, contained.devices) == (placed, given)


def test_a_process_is_given_no_node() -> None:
    (refusal,) = plan("models: {a: {cmd: x, port: 9, devices: [/dev/vfio/7]}}").refusals
    assert refusal.message == (
        "cannot place `a`: `/dev/vfio/7` is no GPU of this machine, and a process opens any other node by itself"
    )


def test_a_runtime_that_is_not_supported_yet_is_refused_by_name() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, runtime: ray}}")
    assert [path for path, _ in refusals(made)] == ["models.a.runtime"]


def test_every_refusal_is_reported_at_once() -> None:
    one, other = (
        "a: {engine: vllm, model: o/a, devices: ['cuda:all']}",
        "b: {engine: vllm, model: o/b, devices: [rocm0]}",
    )
    made = plan(f"models: {{{one}, {other}}}")
    assert [path for path, _ in refusals(made)] == ["models.a.devices", "models.b.devices"]


def test_a_model_that_can_never_fit_is_noted_and_not_refused() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, memory: 30GiB, devices: [cuda0]}}", DESKTOP)
    assert not made.refusals
    assert [problem.message for problem in made.notes] == [
        "`a` can never load: it needs 30 GiB of cuda0, the budget is 23 GiB"
    ]


def test_an_external_server_claims_nothing() -> None:
    made = plan("models: {a: {url: 'http://10.0.0.7:8000'}}", DESKTOP)
    instance = made.instances["a"]
    assert (instance.runtime, instance.devices, instance.claims) == ("external", (), {})


def test_disabled_models_are_not_planned_and_only_narrows_the_rest() -> None:
    others = "b: {engine: vllm, model: o/b}, c: {engine: vllm, model: o/c}"
    text = f"models: {{a: {{engine: vllm, model: o/a, enabled: false}}, {others}}}"
    assert list(plan(text).instances) == ["b", "c"]
    assert list(plan(text, LAPTOP, "c").instances) == ["c"]


def test_engine_defaults_are_merged_under_the_models_own() -> None:
    made = plan(
        "engines: {vllm: {settings: {max-model-len: 1, dtype: half}, environment_file: all.env}}\n"
        "models: {a: {engine: vllm, model: o/a, settings: {max-model-len: 2}, environment_file: a.env}}"
    )
    instance = made.instances["a"]
    assert instance.settings == {"max-model-len": 2, "dtype": "half"}
    assert instance.environment_files == ("all.env", "a.env")


@pytest.mark.parametrize(("ready", "seen"), [("", None), (", ready: false", ""), (", ready: /up", "/up")])
def test_readiness_is_unsaid_an_open_port_or_a_path(ready: str, seen: str | None) -> None:
    made = plan(f"models: {{a: {{cmd: 'serve --port ${{PORT}}'{ready}}}}}")
    assert made.instances["a"].ready == seen


def test_a_fingerprint_changes_with_what_is_started_and_with_nothing_else() -> None:
    instance = plan("models: {a: {engine: vllm, model: o/a, settings: {x: 1}}}").instances["a"]
    served = (
        "aliases: [b], strip_params: [n], set_params: {t: 1}, timings: true, on_disconnect: drain, unlisted: true, "
        "capabilities: [chat], context_length: 5, metadata: {x: 1}, upstream_headers: {X-A: b}"
    )
    same = plan(f"models: {{a: {{name: A, engine: vllm, ttl: 1m, model: o/a, settings: {{x: 1}}, {served}}}}}")
    assert same.instances["a"].serving != instance.serving
    assert same.instances["a"].fingerprint == instance.fingerprint
    for change in (
        {"served_name": "q"},
        {"settings": {"x": 2}},
        {"model": "o/b"},
        {"visible": {"A": "1"}},
        {"environment": {"A": "1"}},
    ):
        assert dataclasses.replace(instance, **change).fingerprint != instance.fingerprint


def test_how_models_share_the_devices() -> None:
    text = """
models:
  a: {engine: vllm, model: o/a, priority: 5, preload: true, memory: 4GiB}
  b: {engine: vllm, model: o/b, swappable: false, always_on: true}
  c: {url: "http://10.0.0.7:8000"}
residency:
  groups: {pair: {members: [a, b], exclusive: false}}
  reserve: {cuda0: 1GiB}
  min_residency: 10s
  max_wait: never
"""
    made = plan(text, DESKTOP)
    assert made.instances["a"].standing == Standing(priority=5, preload=True)
    assert made.instances["b"].standing == Standing(swappable=False, always_on=True)
    assert made.sharing == Sharing(
        expels={"a": frozenset("b"), "b": frozenset("a")},
        capacity={"cpu": 32 * GIB, "cuda0": 24 * GIB},
        reserve={"cuda0": GIB},
        min_residency_s=10.0,
        max_wait_s=math.inf,
    )
    assert (made.instances["b"].claims, made.instances["b"].claims_all) == ({"cuda0": 0}, False)


def test_only_what_nobody_knows_the_size_of_has_its_devices_to_itself() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a}, b: {engine: vllm, model: o/b, memory: 1GiB}}", DESKTOP)
    assert (made.instances["a"].claims_all, made.instances["b"].claims_all) == (True, False)


def test_who_sleeps_claims_what_it_keeps_and_a_budget_for_it() -> None:
    made = plan("models: {a: {engine: vllm, model: o/a, devices: [cuda0], memory: 16GiB, sleep: 1}}", DESKTOP)
    assert made.instances["a"].asleep_claims == {"cuda0": 2 * GIB, "cpu": 16 * GIB}
    assert made.budget == {"cuda0": 23 * GIB, "cpu": 20 * GIB}


def test_who_sleeps_or_keeps_its_cache_is_started_in_another_way() -> None:
    one = plan("models: {a: {engine: vllm, model: o/a}}").instances["a"]
    assert one.asleep_claims is None
    assert len({made.fingerprint for made in (one, *(dataclasses.replace(one, sleep=n) for n in (1, 2)))}) == 3
    assert dataclasses.replace(one, keeps_cache=True).fingerprint != one.fingerprint
