from __future__ import annotations

import json
from typing import Any

import pytest

from remuda.edge.containers.state import State, parse
from remuda.errors import EffectError

# The parts that are read of what podman 4.3.1 and docker 28.2 say, with some that are not.
PODMAN = {
    "Id": "6f22",
    "Name": "remuda-tiny",
    "State": {
        "Status": "running",
        "Running": True,
        "OOMKilled": False,
        "Pid": 20892,
        "ConmonPid": 20882,
        "ExitCode": 0,
    },
    "Config": {"Labels": {"remuda.fleet": "f"}},
    "HostConfig": {"NetworkMode": "host", "ShmSize": 65536000},
}
DOCKER = {
    "Id": "a870",
    "Name": "/remuda-tiny",
    "State": {"Status": "exited", "OOMKilled": True, "Pid": 0, "ExitCode": 137, "Error": ""},
    "Config": {"Labels": None},
    "HostConfig": {"NetworkMode": "bridge"},
}


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (
            PODMAN,
            State("6f22", 20892, 0, is_out_of_memory=False, is_on_host_network=True, labels={"remuda.fleet": "f"}),
        ),
        (DOCKER, State("a870", 0, 137, is_out_of_memory=True, is_on_host_network=False, labels={})),
    ],
)
def test_both_programs(said: dict[str, Any], state: State) -> None:
    assert parse(json.dumps([said])) == [state]


@pytest.mark.parametrize("said", ["", "{}", '[{"Id": 1}]'])
def test_an_answer_that_is_none(said: str) -> None:
    with pytest.raises(EffectError, match="cannot understand what the container program says of a container: "):
        parse(said)
