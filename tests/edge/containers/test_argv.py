from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest

from remuda.edge.containers import argv
from remuda.edge.containers.argv import TOOLS, Creation
from remuda.errors import EffectError
from remuda.plan.container import Contained

CONTAINED = Contained("remuda-tiny", "docker.io/vllm/vllm-openai:v0.23.0")


def creation(contained: Contained = CONTAINED, **keys: Any) -> Creation:
    order: dict[str, Any] = {
        "command": ("vllm", "serve", "org/tiny"),
        "labels": {argv.FLEET: "stable", argv.MODEL: "a/b:c"},
        "address": ("127.0.0.1", 18001),
        "environment_file": PurePath("/run/remuda/environment-1"),
        "stop": (15, 14.6),
    }
    return Creation(contained=contained, **(order | keys))


def test_a_whole_creation() -> None:
    assert " ".join(argv.create(TOOLS["podman"], creation())) == (
        "create --name remuda-tiny --init --pull never --no-healthcheck --label remuda.fleet=stable "
        "--label remuda.model=a/b:c --cap-drop all --security-opt no-new-privileges --log-driver k8s-file "
        "--log-opt max-size=16777216 --stop-signal 15 --stop-timeout 15 --publish 127.0.0.1:18001:18001 "
        "--env-file /run/remuda/environment-1 --entrypoint vllm docker.io/vllm/vllm-openai:v0.23.0 "
        "serve org/tiny"
    )


def test_docker_writes_another_log() -> None:
    podman, docker = (argv.create(tool, creation()) for tool in TOOLS.values())
    assert [(mine, its) for mine, its in zip(podman, docker, strict=True) if mine != its] == [("k8s-file", "json-file")]


@pytest.mark.parametrize(
    ("contained", "keys", "words"),
    [
        ({"is_on_host_network": True}, {}, "--network host"),
        ({"devices": ("nvidia.com/gpu=GPU-1", "/dev/kfd")}, {}, "--device nvidia.com/gpu=GPU-1 --device /dev/kfd"),
        ({"shm_bytes": 1024}, {}, "--shm-size 1024"),
        ({"volumes": ("/a:/b:ro", "cache:/c")}, {}, "--volume /a:/b:ro --volume cache:/c"),
        ({}, {"mounts": (PurePath("/w/x.gguf"),)}, "--mount type=bind,source=/w/x.gguf,target=/w/x.gguf,readonly"),
        ({}, {"limits": {"memory": 2048, "cpus": 1.5}}, "--memory 2048 --cpus 1.5"),
    ],
)
def test_what_a_container_is_given(contained: dict[str, Any], keys: dict[str, Any], words: str) -> None:
    made = argv.create(TOOLS["podman"], creation(Contained("n", "i", **contained), **keys))
    assert words in " ".join(made)


def test_a_container_on_the_machines_network_publishes_nothing() -> None:
    made = argv.create(TOOLS["podman"], creation(Contained("n", "i", is_on_host_network=True)))
    assert "--publish" not in made


def test_a_path_with_a_comma_is_refused() -> None:
    with pytest.raises(EffectError, match="cannot show `/a,b` to a container: its path holds a comma"):
        argv.create(TOOLS["podman"], creation(mounts=(PurePath("/a,b"),)))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (argv.start("x"), "start x"),
        (argv.kill("x", 2), "kill --signal 2 x"),
        (argv.remove("x"), "rm --force --volumes x"),
        (argv.inspect("x"), "container inspect x"),
        (argv.find({"a": "b", "c": "d"}), "ps --all --quiet --no-trunc --filter label=a=b --filter label=c=d"),
        (argv.logs("x"), "logs --follow x"),
        (argv.logs("x", "2026-01-01T00:00:00+00:00"), "logs --follow --since 2026-01-01T00:00:00+00:00 x"),
        (argv.has_image("i:1"), "image inspect --format {{.Id}} i:1"),
        (argv.pull("i:1"), "pull i:1"),
    ],
)
def test_the_other_commands(made: tuple[str, ...], words: str) -> None:
    assert made == tuple(words.split())


def test_an_environment_is_taken_literally() -> None:
    text = argv.environment_text({"A": "1", "QUOTED": '"a b" # c', "EMPTY": ""})
    assert text == 'A=1\nQUOTED="a b" # c\nEMPTY=\n'


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"KEY": "top\nsecret"}, "cannot pass the variable `KEY` to a container: its value has more than one line"),
        ({"A B": "1"}, "cannot pass the variable `A B` to a container: that is not a variable's name"),
        ({"": "1"}, "cannot pass the variable `` to a container: that is not a variable's name"),
    ],
)
def test_what_an_environment_file_cannot_say_is_refused_without_its_value(
    environment: dict[str, str], message: str
) -> None:
    with pytest.raises(EffectError) as error:
        argv.environment_text(environment)
    assert error.value.message == message
