from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from remuda import __version__
from remuda.cli import main as cli
from remuda.errors import EffectError, InternalError, ProbeError, RemudaError, SpecError, UnsatisfiableError

PYTHON = (sys.executable, "-W", "error", "-m", "remuda")


def verb_that_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Puts a verb in the place of `check` that raises."""

    @click.command("check")
    def command() -> None:
        raise error

    monkeypatch.setitem(sys.modules, "remuda.cli.check", SimpleNamespace(command=command))


def test_version_and_help_import_only_click() -> None:
    code = (
        "import sys; from remuda.cli.main import run; run(sys.argv[1:]);"
        "print({'pydantic', 'rich', 'ruamel', 'asyncio', 'json', 'msgspec'} & set(sys.modules), file=sys.stderr)"
    )
    for flag, expected in (("--version", f"remuda {__version__}\n"), ("--help", "Usage: remuda")):
        done = subprocess.run([sys.executable, "-c", code, flag], capture_output=True, text=True, check=True)
        assert done.stdout.startswith(expected)
        assert done.stderr == "set()\n"


def test_every_verb_of_the_help_exists(capsys: pytest.CaptureFixture[str]) -> None:
    for name, line in cli.COMMANDS.items():
        assert cli.run([name, "--help"]) == 0
        assert f"Usage: remuda {name}" in capsys.readouterr().out
        assert line.endswith(".")


def test_help_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    out = capsys.readouterr().out
    assert [f"  {name} " in out for name in cli.COMMANDS] == [True] * len(cli.COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], "unknown command `chek`: did you mean `check`?"),
        (["zzz"], "unknown command `zzz`"),
        (["check", "--jsno"], "No such option"),
        (["--nope"], "No such option"),
        (["check", "a", "b"], "unexpected extra argument"),
        ([], "Usage: remuda"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RemudaError("no"), 1),
        (SpecError("no"), 2),
        (UnsatisfiableError("no"), 3),
        (ProbeError("no"), 4),
        (InternalError("no"), 5),
        (EffectError("no"), 6),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verb_that_raises(monkeypatch, error)
    assert cli.run(["check"]) == code
    assert capsys.readouterr().err.strip() == ("error: no" if isinstance(error, RemudaError) else "")


def test_an_unexpected_error_is_one_line_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REMUDA_DEBUG", raising=False)
    verb_that_raises(monkeypatch, KeyError("x"))
    assert cli.run(["check"]) == 1
    assert capsys.readouterr().err == (
        "error: unexpected KeyError: 'x'\n  hint: run `remuda --debug …` or set REMUDA_DEBUG=1 to see the traceback\n"
    )


@pytest.mark.parametrize(("flags", "variable"), [(["--debug"], ""), ([], "1")])
def test_the_traceback_of_an_unexpected_error(
    flags: list[str], variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REMUDA_DEBUG", variable)
    verb_that_raises(monkeypatch, KeyError("x"))
    assert cli.run([*flags, "check"]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_reader_who_leaves_is_no_error(tmp_path: Path) -> None:
    writer = subprocess.Popen([*PYTHON, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert writer.stdout is not None
    writer.stdout.close()
    assert writer.stderr is not None
    with writer.stderr as errors:
        assert errors.read() == b""
    assert writer.wait(30) == 1


def test_the_module_is_the_command() -> None:
    done = subprocess.run([*PYTHON, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"remuda {__version__}\n"
