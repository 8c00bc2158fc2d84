import os
import signal
import sys
from pathlib import Path

import pytest

from remuda import __version__
from remuda.edge.itself import Background, argv, program, rehearse
from remuda.errors import EffectError, SpecError


def test_it_is_what_runs_here_and_nothing_of_the_directory_that_it_is_run_in() -> None:
    assert argv("ps", "--json") == [sys.executable, "-P", "-m", "remuda", "ps", "--json"]


async def test_what_it_prints_as_json_is_read() -> None:
    assert (await rehearse(["schema"], os.environ))["title"]


async def test_a_refusal_keeps_its_kind_and_its_words(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"(?s)a fresh daemon could not begin.*there is no such file"):
        await rehearse(["up", "--dry-run", "-f", str(tmp_path / "none.yaml")], os.environ)


def test_a_program_in_the_background_that_ends_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("earlier\n")
    background = Background(["--version"], dict(os.environ), log)
    assert background.wait_until_ready(30) == 0
    assert background.said() == f"remuda {__version__}\n"
    background.close()


def test_one_that_neither_serves_nor_ends_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    background = Background(["logs", "--help"], dict(os.environ), tmp_path / "log")
    with pytest.raises(TimeoutError):
        background.wait_until_ready(0)
    background.end()
    assert background.wait_until_ready(30) in {0, -signal.SIGTERM}
    background.close()


def test_its_log_is_private(tmp_path: Path) -> None:
    background = Background(["--version"], dict(os.environ), tmp_path / "log")
    background.wait_until_ready(30)
    background.close()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="cannot start the daemon with its log"):
        Background(["--version"], dict(os.environ), tmp_path / "none" / "log")


def test_the_program_is_the_one_that_runs_or_that_beside_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "remuda").touch()
    for begun, expected in ((tmp_path / "remuda", tmp_path), (tmp_path / "pytest", Path(sys.executable).parent)):
        monkeypatch.setattr(sys, "argv", [str(begun)])
        assert program() == expected / "remuda"
