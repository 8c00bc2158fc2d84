from __future__ import annotations

import json
import platform
import sys
import sysconfig
from pathlib import Path

import pytest

from remuda.cli.forensics import examine_engine, examine_log
from remuda.errors import SpecError
from tests.edge.probes.test_packages import install
from tests.edge.probes.test_trial import EXECUTE, XOP

ON_X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs instructions of x86-64")


def environment(root: Path, vllm: str, *, local: str = "") -> Path:
    """A virtual environment with a stand-in for vLLM; returns its Python."""
    site = root / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    install(root, str(site.relative_to(root)), "vllm", f"0.13.0{local}", "vllm/_C.abi3.so,,\n")
    (site / "vllm").mkdir()
    (site / "vllm/__init__.py").write_text(vllm)
    (site / "vllm/_custom_ops.py").touch()
    (root / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    (root / "bin").mkdir()
    (root / "bin/python3").symlink_to(Path(sys.executable).resolve())
    return root / "bin/python3"


@ON_X86
def test_an_engine_that_dies_of_an_instruction_tells_its_version_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = environment(tmp_path, EXECUTE.format(code=XOP))
    assert examine_engine(str(python), as_json=False) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("vllm 0.13.0 in ")
    assert lines[0].endswith(": broken")
    assert lines[1] == "  `import vllm, vllm._custom_ops` ends by SIGILL"
    assert "needs xop, which" in lines[2]
    assert lines[3].endswith("/vllm/__init__.py`")
    assert any(line.startswith("  hint: take llama-cpp ") for line in lines)
    assert "vllm" not in sys.modules


def test_an_engine_that_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment(tmp_path, "")
    assert examine_engine(str(tmp_path), as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["version"], found["outcome"]) == ("vllm", "0.13.0", "works")


def test_an_engine_that_cannot_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "libcudart.so.12: cannot open shared object file: No such file or directory"
    environment(tmp_path, f"raise ImportError({said!r})")
    assert examine_engine(str(tmp_path), as_json=True) == 3
    (found,) = json.loads(capsys.readouterr().out)
    assert found["summary"] == "`import vllm, vllm._custom_ops` fails with status 1"
    assert found["reasons"][0]["text"] == f"its last words are `ImportError: {said}`"
    assert found["reasons"][1]["source"]
    assert found["advice"]


def test_packages_that_no_python_is_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(tmp_path, "unpacked", "sglang", "0.5.0")
    assert examine_engine(str(tmp_path / "unpacked"), as_json=False) == 4
    assert "there is no Python beside it" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "code"), [("llama-server", 0), ("mystery", 3)])
def test_a_program_is_asked_for_its_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\necho 'version: 4719 (d7b31a9d)'\nexit {code}\n")
    program.chmod(0o755)
    assert examine_engine(str(program), as_json=True) == code
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["version"]) == (name, "4719" if code == 0 else None)


def test_a_place_without_an_engine(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no vLLM, SGLang, "):
        examine_engine(str(tmp_path), as_json=False)


def test_a_log_is_explained_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "engine.log"
    log.write_text("INFO starting\nHIP error: invalid device function\nHIP error: invalid device function\n")
    assert examine_log(log, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{log}:2: the build has no code object for this gfx target")
    assert lines[0].endswith("(2 times)")
    assert [line.partition(":")[0].strip() for line in lines[1:]] == ["says", "proof", "advice", "source"]


def test_a_log_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "engine.log"
    log.write_text("Illegal instruction (core dumped)\n")
    assert examine_log(log, as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["file"], found["line"]) == (str(log), 1)


def test_a_log_with_nothing_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "engine.log"
    log.write_text("INFO all is well\n")
    assert examine_log(log, as_json=False) == 0
    assert capsys.readouterr() == ("", f"{log}: nothing in it is known to be a problem\n")
