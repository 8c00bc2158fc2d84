import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from remuda.edge.probes import software
from remuda.edge.probes.limits import Files
from remuda.edge.probes.machine import Printed
from remuda.edge.probes.recorded import RecordedMachine
from remuda.errors import ProbeError
from remuda.facts.parse.versions import ASKED
from remuda.facts.software import Tool
from tests.edge.probes.fake_sysfs import write
from tests.edge.probes.test_recorded import recorded
from tests.facts.host_table import DOCKER, cdi, podman

ASK = {asking.name: asking for asking in ASKED}


def test_a_program_that_does_not_tell_its_version_is_there_all_the_same(tmp_path: Path) -> None:
    machine = recorded(
        tmp_path, programs={"ollama --version": "?", "docker compose version": "docker: no such command"}
    )
    files = Files(tmp_path, "programs")
    assert software.tool(files, machine, ASK["ollama"]) == Tool("ollama", "/usr/bin/ollama")
    assert software.tool(files, machine, ASK["docker-compose"]) is None
    assert software.tool(files, machine, ASK["nix"]) is None


def test_a_program_that_dies_of_a_signal_is_a_finding(tmp_path: Path) -> None:
    class Dying(RecordedMachine):
        def run(self, argv: Sequence[str]) -> Printed:
            return Printed(-4, "", "")

    recorded(tmp_path, programs={"llama-server --version": ""})
    files = Files(tmp_path, "llama-server")
    assert software.tool(files, Dying(tmp_path), ASK["llama-server"]) == Tool("llama-server", "/usr/bin/llama-server")
    assert [finding.message for finding in files.findings] == ["`llama-server --version` was ended by SIGILL"]


def test_every_copy_of_rocblas_says_what_it_has_kernels_for(tmp_path: Path) -> None:
    copies = {"opt/rocm/lib": "gfx906", "site/torch/lib": "gfx942", "usr/lib/ollama/rocm_v7": "gfx1100"}
    for folder, target in copies.items():
        write(tmp_path / folder / f"rocblas/library/TensileLibrary_lazy_{target}.dat", "")
    machine = recorded(tmp_path, programs={"ollama --version": ""})
    found = software.rocblas_copies(Files(tmp_path, "rocBLAS"), machine, ["/site", "/other"])
    assert {copy.folder: copy.targets for copy in found} == {
        f"/{folder}/rocblas/library": (target,) for folder, target in copies.items()
    }


def test_runtimes_and_images_are_read_from_what_is_printed(tmp_path: Path) -> None:
    machine = recorded(tmp_path, programs={**podman("5.4.2"), **DOCKER})
    write(tmp_path / "usr/lib/podman/quadlet", "")
    found, docker = software.podman_runtime(Files(tmp_path, "podman"), machine), software.docker_runtime(machine)
    assert found
    assert docker
    assert (found.version, found.quadlet, docker.version) == ("5.4.2", "/usr/lib/podman/quadlet", "28.3.0")
    assert [image.runtime for image in (*software.podman_images(machine), *software.docker_images(machine))] == [
        "podman",
        "docker",
    ]


def test_a_runtime_that_is_not_there_is_none_and_one_that_fails_an_error(tmp_path: Path) -> None:
    assert software.docker_runtime(recorded(tmp_path)) is None
    assert software.podman_images(recorded(tmp_path)) == software.docker_images(recorded(tmp_path)) == ()
    with pytest.raises(ProbeError, match="`docker info` fails: not recorded"):
        software.docker_runtime(recorded(tmp_path, programs={"docker ps": ""}))


def test_specifications_are_read_as_yaml_and_as_json_and_their_files_looked_for(tmp_path: Path) -> None:
    library = "/usr/lib/x86_64-linux-gnu/libcuda.so.575.57.08"
    write(tmp_path / "etc/cdi/nvidia.json", json.dumps(cdi("575.57.08", {"0": "/dev/nvidia0"})))
    write(tmp_path / "run/cdi/amd.yaml", 'kind: amd.com/gpu\ndevices:\n- name: "0"\n')
    write(tmp_path / "etc/cdi/broken.yaml", "kind: [")
    write(tmp_path / "etc/cdi/README", "not one")
    files = Files(tmp_path, "CDI")
    nvidia, amd = software.cdi_specifications(files)
    assert (nvidia.path, nvidia.driver, nvidia.missing) == ("/etc/cdi/nvidia.json", "575.57.08", (library,))
    assert (amd.path, amd.kind, [device.name for device in amd.devices]) == ("/run/cdi/amd.yaml", "amd.com/gpu", ["0"])
    assert [finding.message.split(":")[0] for finding in files.findings] == [
        "`/etc/cdi/broken.yaml` is no CDI specification"
    ]
    write(tmp_path / library[1:], "")
    assert software.cdi_specifications(Files(tmp_path, "CDI"))[0].missing == ()


def test_a_folder_that_is_linked_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "run/cdi/amd.yaml", 'kind: amd.com/gpu\ndevices:\n- name: "0"\n')
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to(tmp_path / "run")
    assert len(software.cdi_specifications(Files(tmp_path, "CDI"))) == 1
