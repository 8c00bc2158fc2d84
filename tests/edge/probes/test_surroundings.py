from pathlib import Path

import pytest

from remuda.edge.probes.limits import Files
from remuda.edge.probes.surroundings import disks, system, user
from tests.edge.probes.fake_sysfs import write
from tests.edge.probes.test_recorded import recorded


@pytest.mark.parametrize(
    ("file", "text", "surroundings"),
    [
        ("proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n", "wsl"),
        ("run/.containerenv", "", "container"),
        (".dockerenv", "", "container"),
        ("proc/sys/kernel/osrelease", "6.8.0\n", "none"),
    ],
)
def test_a_container_and_the_linux_of_windows_are_told_apart(
    tmp_path: Path, file: str, text: str, surroundings: str
) -> None:
    write(tmp_path / file, text)
    assert system(Files(tmp_path, "system"), recorded(tmp_path)).surroundings == surroundings


def test_a_user_of_a_directory_service_shows_as_a_number(tmp_path: Path) -> None:
    found = user(Files(tmp_path, "user"), recorded(tmp_path, uid=70001, gids=[70001]))
    assert (found.uid, found.name, found.groups, found.lingers) == (70001, "70001", ("70001",), None)


def test_a_disk_that_does_not_answer_has_no_size_and_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:4 / /nas rw - nfs4 nas:/ rw\n")
    files = Files(tmp_path, "disks")
    root, nas = disks(files, recorded(tmp_path, space={"/": [10, 5]}))
    assert (root.total_bytes, root.free_bytes) == (10, 5)
    assert (nas.total_bytes, nas.free_bytes) == (None, None)
    assert [finding.source for finding in files.findings] == ["disk /nas"]
