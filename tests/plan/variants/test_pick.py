from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from remuda.facts.cpu import Cpu
from remuda.facts.host import Host
from remuda.facts.system import Drivers
from remuda.knowledge.rows import text
from remuda.plan.variants import matrix
from remuda.plan.variants.pick import Choice, pick
from remuda.spec.variants import Variants, read
from tests.facts.make_hosts import HOSTS

FILE: Variants = read(text("variants.yaml"), "variants.yaml")[0]
ALL = [each for name, line in FILE.lines.items() for each in matrix.variants(name, line)]


def host(name: str) -> Host:
    return Host.from_json((HOSTS / name / "expected.json").read_bytes())


def with_driver(machine: Host, driver: str) -> Host:
    return replace(machine, system=replace(machine.system, drivers=Drivers(nvidia=driver)))


def chosen(found: tuple[Choice, ...]) -> list[tuple[str, str | None, str | None]]:
    return [
        (each.capability, str(each.variant.name) if each.variant else None, each.variant.line if each.variant else None)
        for each in found
    ]


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("h200", [("9.0", "vllm-python313-cuda12_9-sm90-avx512bf16", "main")]),
        ("rtx-3090-gtx-1080ti", [("6.1", None, None), ("8.6", "vllm-python313-cuda12_9-sm86-avx2", "main")]),
        ("v100", [("7.0", "vllm-python312-cuda12_9-sm70-avx2", "vllm-0.14.1-python312")]),
        ("driver-470", [("8.6", None, None)]),
        ("gb10", [("12.1", None, None)]),
        ("mi300x", []),
    ],
)
def test_a_machine_gets_the_variant_of_its_card(
    machine: str, expected: list[tuple[str, str | None, str | None]]
) -> None:
    assert chosen(pick(ALL, host(machine))) == expected


def test_everything_that_was_not_taken_says_why() -> None:
    (choice,) = pick(ALL, host("h200"))
    assert len(choice.rejected) == len(ALL) - 1
    assert all(each.why for each in choice.rejected)
    assert {each.about for each in choice.rejected} == {"card", "processor", "lesser"}


def test_a_driver_between_two_toolkits_takes_the_one_that_it_came_with() -> None:
    (choice,) = pick(ALL, with_driver(host("h200"), "570.124.06"))
    assert choice.variant
    assert choice.variant.name.cuda == "12.8"
    assert choice.remarks[0] == "driver 570.124.06 is no older than that of CUDA 12.8.0 (570.26)"


def test_a_driver_that_is_older_than_all_runs_by_minor_version_compatibility() -> None:
    (choice,) = pick(ALL, with_driver(host("h200"), "560.35.05"))
    assert choice.variant
    assert "minor version compatibility" in choice.remarks[0]


def test_the_processor_decides_on_the_instruction_set() -> None:
    machine = host("h200")
    assert machine.cpu
    plain = replace(machine, cpu=replace(machine.cpu, flags=("avx", "avx2", "fma", "f16c")))
    (choice,) = pick(ALL, plain)
    assert choice.variant
    assert choice.variant.name.isa.isa == "avx2"
    assert {"the processor has no `avx512f`, `avx512dq`, `avx512vl`, `avx512bw`"} <= {x.why for x in choice.rejected}


def test_grace_gets_armv9() -> None:
    flags = ("fphp", "asimdhp", "asimddp", "sve2", "bf16", "i8mm")
    (choice,) = pick(ALL, replace(host("h200"), cpu=Cpu("Neoverse V2", "aarch64", 72, flags=flags)))
    assert chosen((choice,)) == [("9.0", "vllm-python313-cuda12_9-sm90-armv9", "main")]


def test_what_is_not_known_of_the_machine_is_said() -> None:
    machine = replace(host("h200"), cpu=None)
    (choice,) = pick(ALL, replace(machine, system=replace(machine.system, drivers=Drivers())))
    assert choice.variant
    assert choice.variant.name.isa.isa == "avx"
    assert choice.remarks[:2] == ("the driver of the machine is not known", "the processor of the machine is not known")


def test_cards_of_one_kind_are_one_choice() -> None:
    raw = json.loads((HOSTS / "h200" / "expected.json").read_text())
    card = next(device for device in raw["devices"] if device["name"] == "cuda0")
    raw["devices"].append({**card, "name": "cuda1"})
    (choice,) = pick(ALL, Host.from_json(json.dumps(raw)))
    assert choice.devices == ("cuda0", "cuda1")
