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
