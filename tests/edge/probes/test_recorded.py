import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remuda.edge.probes.limits import Files
from remuda.edge.probes.machine import Printed
from remuda.edge.probes.recorded import RecordedMachine
from remuda.facts.parse.nvml import Report


def recorded(root: Path, **more: Any) -> RecordedMachine:
    (root / "machine.json").write_text(json.dumps({"source": "a test", **more}))
    return RecordedMachine(root)


@pytest.mark.parametrize(
    ("uid", "gids", "mode", "is_open"),
    [
        (1000, [992], "crw-rw----", True),
        (1000, [44], "crw-rw----", False),
        (1000, [992], "crw-r-----", False),
        (1000, [], "crw-rw-rw-", True),
        (0, [], "crw-------", True),
    ],
)
def test_a_device_file_is_open_to_whom_its_mode_says(
    tmp_path: Path,
    uid: int,
    gids: list[int],
    mode: str,
    is_open: bool,  # noqa: FBT001
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\nrender:x:992:\n")
    machine = recorded(tmp_path, uid=uid, gids=gids, nodes={"/dev/kfd": f"{mode} root render"})
    (node,) = machine.nodes()
    assert (node.path, node.owner, node.group, node.is_open) == ("/dev/kfd", "root", "render", is_open)


def test_programs_print_what_they_printed(tmp_path: Path) -> None:
    machine = recorded(tmp_path, programs={"nix --version": "nix (Nix) 2.31.2\n", "podman info": {"a": 1}})
    assert machine.which("nix") == "/usr/bin/nix"
    assert machine.which("docker") is None
    assert machine.run(("nix", "--version")) == Printed(0, "nix (Nix) 2.31.2\n", "")
    assert machine.run(("podman", "info")).out == '{"a": 1}'
    assert machine.run(("podman", "images")).code == 1


def test_nvml_and_space_are_what_was_written_down(tmp_path: Path) -> None:
    machine = recorded(tmp_path, space={"/": [10, 5]})
    files = Files(tmp_path, "NVML")
    assert machine.nvml(files) is None
    (tmp_path / "nvml.json").write_text('{"driver": "575.57.08", "cuda": 12090}')
    assert machine.nvml(files) == Report("575.57.08", 12090)
    assert machine.space("/") == (10, 5)
    with pytest.raises(FileNotFoundError):
        machine.space("/data")


def test_a_misspelt_key_of_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `node`"):
        recorded(tmp_path, node={})
