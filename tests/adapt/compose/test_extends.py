import json
import random
from pathlib import Path
from typing import Any

import pytest

from remuda.adapt.compose.tree import Report
from tests.adapt.compose.files import opened, plain, said, service, write
from tests.render.compose.programs import as_docker_reads


def test_a_service_of_the_same_file() -> None:
    found, report = service("""
services:
  b:
    extends: a
    command: [two]
    environment: [X=2, Z]
    volumes: ["./new:/data", "./c:/c"]
    healthcheck: {test: [CMD, b]}
  a:
    image: one
    command: [one, more]
    environment: {X: 1, Y: 1, Z: 1}
    volumes: ["./old:/data:ro", "./d:/d"]
    healthcheck: {test: [CMD, a], interval: 3s}
    shm_size: 1gb
""")
    assert said(report) == []
    assert plain(found) == {
        "image": "one",
        "command": ["two"],
        "environment": {"X": "2", "Y": 1, "Z": None},
        "volumes": ["./new:/data", "./d:/d", "./c:/c"],
        "healthcheck": {"test": ["CMD", "b"], "interval": "3s"},
        "shm_size": "1gb",
        "extends": "a",
    }


def test_a_service_of_another_file_has_that_file_s_places() -> None:
    found, report = service(
        "services: {b: {extends: {file: ../base/a.yaml, service: a}, image: '${I:-i}'}}",
        ___dot___dot___base__a_dot_yaml="",
    )
    assert said(report) == ["compose.yaml:1: there is no file `../base/a.yaml` here"]
    found, report = service(
        "services: {b: {extends: {file: base/a.yaml, service: a}, image: '${I:-i}'}}",
        base__a_dot_yaml="services:\n  a:\n    volumes: ['./x:/x']\n    command: ['$NO']\n",
    )
    assert str(found.get("volumes").items[0].file) == "base/a.yaml"
    assert plain(found.get("image")) == "i"
    assert said(report) == ["base/a.yaml:4: `NO` is not set: it stays `${env:NO}`"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: {a: {extends: a}}", "1: cannot read `a`: it extends itself"),
        ("services: {a: {extends: b}, b: {extends: a}}", "1: cannot read `a`: it extends itself"),
        ("services: {a: {extends: z}}", "1: cannot extend `z`: `compose.yaml` has no such service"),
        (
            "services: {a: {extends: {file: /x, service: a}}}",
            "1: cannot read `/x`: expected a path relative to this file",
        ),
        ("services: {a: {extends: {file: x.yaml}}}", "1: `extends` names no service"),
        ("services: {a: {extends: {file: x.yaml, service: a}}}", "1: there is no file `x.yaml` here"),
    ],
)
def test_refused(text: str, message: str) -> None:
    _, report = service(text)
    assert said(report) == [f"compose.yaml:{message}"]


def test_a_long_chain_is_refused() -> None:
    services = ", ".join(f"s{number}: {{extends: s{number + 1}}}" for number in range(100))
    _, report = service(f"services: {{{services}, s100: {{image: i}}}}")
    assert ["more than 16 services extend each other" in line for line in said(report)] == [True]


def generated(chance: random.Random) -> dict[str, Any]:
    """Part of a service, in forms that both readers have to bring together."""
    names = ["A", "B", "C"]
    as_list = [f"{name}={chance.randint(0, 9)}" for name in names if chance.random() < 0.6]
    as_mapping = {name: str(chance.randint(0, 9)) for name in names if chance.random() < 0.6}
    keys: dict[str, Any] = {
        "environment": chance.choice([as_list, as_mapping]),
        "volumes": [f"./v{chance.randint(0, 3)}:/{target}" for target in "abc" if chance.random() < 0.5],
        "command": [chance.choice("xyz")],
        "shm_size": str(chance.randint(1, 9)),
        "cap_add": chance.sample(["CAP_A", "CAP_B", "CAP_C"], k=chance.randint(1, 3)),
        "ulimits": {"nofile": chance.randint(1, 9)},
        "healthcheck": {"test": ["CMD", chance.choice("xyz")], "retries": chance.randint(1, 9)},
    }
    return {key: value for key, value in keys.items() if chance.random() < 0.6 and value}


def test_docker_compose_agrees(tmp_path: Path) -> None:
    chance = random.Random(5)
    services: dict[str, Any] = {}
    for number in range(60):
        services[f"base{number}"] = {"image": "i", **generated(chance)}
        services[f"over{number}"] = {"extends": f"base{number}", **generated(chance)}
    text = json.dumps({"name": "x", "services": services})
    read = as_docker_reads(write(tmp_path, {"compose.yaml": text}), {})["services"]
    ours = opened(text)
    for name in services:
        found = ours.service(name, Report())
        theirs = read[name]
        environment = found.get("environment").pairs
        assert {key: value.text for key, value in environment.items()} == (theirs.get("environment") or {})
        assert [item.text.partition(":")[2] for item in found.get("volumes").items] == [
            volume["target"] for volume in theirs.get("volumes", [])
        ]
        assert [item.text for item in found.get("command").items] == (theirs.get("command") or [])
        assert [item.text for item in found.get("cap_add").items] == theirs.get("cap_add", [])
        assert found.get("healthcheck", "test").items[-1:] == () or (
            [item.text for item in found.get("healthcheck", "test").items] == theirs["healthcheck"]["test"]
        )
