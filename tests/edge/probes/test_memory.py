import os
import subprocess
import sys
from collections.abc import Collection

import pytest

from remuda.edge.probes.memory import MachineProbe, machine_probe
from remuda.facts.memory import Reading


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        raise self.error


def test_each_kind_of_device_has_its_source() -> None:
    class Named:
        def read(self, device: str, pids: Collection[int]) -> Reading | None:
            return Reading(device, 10, 5)

    probe = MachineProbe({"cuda": Named()})
    assert probe.read("cuda12", ()) == Reading("cuda12", 10, 5)
    assert probe.read("rocm0", ()) is None


@pytest.mark.parametrize("error", [PermissionError("hidden"), ValueError("no number"), KeyError("MemTotal")])
def test_what_cannot_be_read_is_unknown(error: Exception) -> None:
    assert MachineProbe({"cpu": Failing(error)}).read("cpu", ()) is None


def test_a_process_is_called_by_its_name_and_not_by_its_arguments() -> None:
    code = "import pathlib; pathlib.Path('/proc/self/comm').write_text('engine core'); print(flush=True); input()"
    command = [sys.executable, "-c", code, "--api-key=secret"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        called = machine_probe().command(process.pid)
        process.stdin.write(b"\n")
        process.stdin.close()
    assert called == "engine core"
    assert machine_probe().command(process.pid) == "a process that has gone"


def test_this_machine_can_be_read() -> None:
    reading = machine_probe().read("cpu", [os.getpid()])
    assert reading
    assert reading.of({os.getpid()})
