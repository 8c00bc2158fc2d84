from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from remuda.edge.programs import find_program
from remuda.engines import ENGINES
from remuda.engines.contract import Executable, Module, Program
from remuda.errors import UnsatisfiableError


def engine(*programs: Program) -> Any:
    return SimpleNamespace(NAME="mule", PROGRAMS=programs, INSTALL="pip install mule")


def executable(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_executable_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = executable(tmp_path / "mule-server")
    assert find_program(engine(Executable("none"), Executable("mule-server"))) == (str(found),)


def test_an_executable_beside_the_running_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    name = Path(sys.executable).name
    assert find_program(engine(Executable(name))) == (str(Path(sys.executable).parent / name),)


def test_a_module_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_engine.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    program = Module("heavy_engine.server", needs="heavy_engine")
    assert find_program(engine(program)) == (sys.executable, "-m", "heavy_engine.server")


def test_the_embedded_llama_cpp_is_found() -> None:
    assert find_program(ENGINES["llama-cpp"]) == (sys.executable, "-m", "remuda.edge.embedded_llama_cpp")


def test_what_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(UnsatisfiableError) as error:
        find_program(engine(Executable("mule-server"), Module("mule.serve", needs="mule.parts")))
    assert error.value.message == (
        "cannot run engine `mule`: it is not installed "
        "(looked for the executable `mule-server` or the Python package `mule.parts`)"
    )
    assert error.value.hint == "install it with `pip install mule`"


def test_the_users_executable_comes_first(tmp_path: Path) -> None:
    found = executable(tmp_path / "mine")
    assert find_program(engine(Executable("sh")), str(found)) == (str(found),)


@pytest.mark.parametrize("spelled", ["~/bin/mine", "./mine", "mine"])
def test_the_users_executable_in_all_its_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    executable(tmp_path / "bin/mine")
    monkeypatch.chdir(tmp_path / "bin")
    assert find_program(engine(), spelled) == (str(tmp_path / "bin/mine"),)


def test_an_executable_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not executable")
    with pytest.raises(UnsatisfiableError, match=r"cannot run engine `mule`: there is no executable `.*/data`"):
        find_program(engine(Executable("sh")), str(tmp_path / "data"))
