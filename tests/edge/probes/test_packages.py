from pathlib import Path

import pytest

from remuda.edge.probes.limits import Files
from remuda.edge.probes.packages import in_folder, packages
from remuda.facts.software import Extension
from tests.edge.probes.fake_sysfs import write
from tests.facts.parse.test_elf import elf

SITE = "opt/venv/lib/python3.12/site-packages"


def install(root: Path, site: str, name: str, version: str, record: str = "") -> None:
    info = root / site / f"{name}-{version}.dist-info"
    write(info / "METADATA", f"Name: {name}\nVersion: {version}\n")
    write(info / "RECORD", record)


def test_engines_beside_a_python_in_the_search_path_are_found(tmp_path: Path) -> None:
    install(tmp_path, SITE, "vllm", "0.23.0+cu129", "vllm/_C.abi3.so,,\nvllm/gone.abi3.so,,\nvllm/__init__.py,,\n")
    install(tmp_path, SITE, "torch", "2.11.0+cu129", "torch/_C.so,,\n")
    install(tmp_path, SITE, "numpy", "2.0")
    (tmp_path / SITE / "vllm").mkdir()
    (tmp_path / SITE / "vllm/_C.abi3.so").write_bytes(elf())
    torch, vllm = packages(Files(tmp_path, "packages"), ("/opt/venv/bin", "/bin"))
    assert (torch.version, torch.extensions) == ("2.11.0+cu129", ())
    assert (vllm.version, vllm.local, vllm.folder) == ("0.23.0+cu129", "cu129", f"/{SITE}")
    assert vllm.extensions == (
        Extension("vllm/_C.abi3.so", ("libcudart.so.13", "libc.so.6")),
        Extension("vllm/gone.abi3.so"),
    )


@pytest.mark.parametrize(
    "script",
    [
        "#!/opt/venv/bin/python3\nimport sys\n",
        '#! /bin/bash -e\nexec "/opt/venv/bin/.vllm-wrapped" "$@"\n',
        "#!/usr/bin/python3\nsite.addsitedir('/opt/venv/lib/python3.12/site-packages')\n",
    ],
)
def test_an_engine_is_found_where_its_start_script_points(tmp_path: Path, script: str) -> None:
    install(tmp_path, SITE, "vllm", "0.13.0")
    write(tmp_path / "usr/local/bin/vllm", script)
    (found,) = packages(Files(tmp_path, "packages"), ("/usr/local/bin",))
    assert found.version == "0.13.0"


def test_a_start_program_that_is_no_script_points_nowhere(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/vllm").write_bytes(elf() + b"/opt/venv/bin/python")
    install(tmp_path, SITE, "vllm", "0.13.0")
    assert packages(Files(tmp_path, "packages"), ("/bin",)) == ()


def test_a_library_folder_that_is_a_link_counts_once(tmp_path: Path) -> None:
    install(tmp_path, SITE, "vllm", "0.13.0")
    (tmp_path / "opt/venv/lib64").symlink_to("lib")
    assert len(packages(Files(tmp_path, "packages"), ("/opt/venv/bin",))) == 1


def test_broken_metadata_is_a_finding_beside_the_others(tmp_path: Path) -> None:
    install(tmp_path, SITE, "vllm", "0.13.0")
    write(tmp_path / SITE / "sglang-1.dist-info/METADATA", "")
    files = Files(tmp_path, "packages")
    assert [package.name for package in in_folder(files, f"/{SITE}")] == ["vllm"]
    assert [finding.message for finding in files.findings] == [f"`/{SITE}/sglang-1.dist-info` says no 'Name'"]
