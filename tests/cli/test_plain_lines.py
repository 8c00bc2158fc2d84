import re
from pathlib import Path

import pytest

from remuda import __version__
from remuda.cli.plain_lines import PlainLines
from remuda.daemon import report


def test_lines_begin_with_the_model_in_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines(["a", "longer"]) as display:
        display.show(report.Starting("a"))
        display.show(report.Starting("longer"))
        display.show(report.Serving("http://h:1"))
    assert capsys.readouterr().out.splitlines() == [
        "a       starting",
        "longer  starting",
        f"remuda {__version__} serves at http://h:1/v1",
    ]


def test_lines_in_a_file_begin_with_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr("sys.stdout", log)
        PlainLines(["a"]).show(report.Starting("a"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z a  starting\n", (tmp_path / "log").read_text())
