from __future__ import annotations

import sys
from pathlib import Path

import pytest

from remuda.edge.probes.installation import _own, installed_at
from remuda.edge.probes.limits import Files
from remuda.errors import SpecError
from tests.edge.probes.test_packages import install

SITE = "lib/python3.12/site-packages"


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment with a vLLM, a Python and vLLM's start script."""
    root = tmp_path / "venv"
    install(root, SITE, "vllm", "0.13.0")
    (root / "bin").mkdir()
    (root / "bin/python3").symlink_to(sys.executable)
    script = root / "bin/vllm"
    script.write_text(f"#!{root}/bin/python3\n")
    script.chmod(0o755)
    return root


@pytest.mark.parametrize("path", ["", SITE, f"{SITE}/vllm-0.13.0.dist-info", f"{SITE}/vllm-0.13.0.dist-info/METADATA"])
def test_a_folder_of_an_environment_or_what_is_in_it(venv: Path, path: str) -> None:
    found = installed_at(venv / path)
    assert [package.version for package in found.packages] == ["0.13.0"]
    assert (found.python, found.program) == (venv / "bin/python3", None)


def test_a_python_is_no_link_to_follow(venv: Path) -> None:
    found = installed_at(venv / "bin/python3")
    assert [package.folder for package in found.packages] == [str(venv / SITE)]
    assert (found.python, found.program) == (venv / "bin/python3", None)


def test_a_program(venv: Path) -> None:
    found = installed_at(venv / "bin/vllm")
    assert [package.version for package in found.packages] == ["0.13.0"]
    assert found.program == venv / "bin/vllm"


def test_the_name_of_a_program(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(venv / "bin"))
    assert installed_at(Path("vllm")).program == venv / "bin/vllm"


def test_a_start_script_that_points_elsewhere(venv: Path, tmp_path: Path) -> None:
    wrapper = tmp_path / "profile/bin/vllm"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(f'#! /bin/bash -e\nexec "{venv}/bin/.vllm-wrapped" "$@"\n')
    wrapper.chmod(0o755)
    assert [package.version for package in installed_at(wrapper).packages] == ["0.13.0"]


def test_the_python_of_a_system_has_what_was_installed_by_hand_as_well(tmp_path: Path) -> None:
    by_hand = "usr/local/lib/python3.12/dist-packages"
    for site in (by_hand, "usr/lib/python3/dist-packages"):
        install(tmp_path, site, "vllm", "0.13.0")
    files = Files(tmp_path, "packages")
    assert {f"/{by_hand}", "/usr/lib/python3/dist-packages"} <= set(_own(files, Path("/usr/bin")))
    by_hand_alone = _own(files, Path("/usr/local/bin"))
    assert f"/{by_hand}" in by_hand_alone
    assert not any(site.startswith("/usr/lib/") for site in by_hand_alone)


def test_packages_without_a_python(tmp_path: Path) -> None:
    install(tmp_path, "unpacked", "vllm", "0.13.0")
    found = installed_at(tmp_path / "unpacked")
    assert [package.version for package in found.packages] == ["0.13.0"]
    assert found.python is None


def test_metadata_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "vllm-0.13.0.dist-info").mkdir()
    found = installed_at(tmp_path)
    assert found.packages == ()
    assert [finding.kind for finding in found.findings] == ["unreadable"]


def test_what_cannot_be_examined(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for name, what in (("gone", "there is no such file or folder"), ("notes.txt", "it is no program")):
        with pytest.raises(SpecError, match=what):
            installed_at(tmp_path / name)
