from __future__ import annotations

import io
import json
import sys

import pytest

from remuda.cli import output
from remuda.errors import Position, Problem, SpecError

FOUND = Problem("unknown key `x`", ("models", "a", 0), Position(3, 7), "write `y`")
WARNING = Problem("odd", severity="warning")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _colour_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_problems_are_printed_as_compilers_do(capsys: pytest.CaptureFixture[str]) -> None:
    output.problems([FOUND, WARNING], "remuda.yaml")
    assert capsys.readouterr().out == (
        "remuda.yaml:3:7: unknown key `x`\n  hint: write `y`\nremuda.yaml: warning: odd\n"
    )


def test_an_error_goes_to_stderr_with_its_problems_first(capsys: pytest.CaptureFixture[str]) -> None:
    output.error(SpecError("cannot use `f`: 1 error", hint="mend it", file="f", problems=[FOUND]))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "f:3:7: unknown key `x`\n  hint: write `y`\nerror: cannot use `f`: 1 error\n  hint: mend it\n"
    )


def test_a_problem_as_an_object() -> None:
    assert output.problem_json(FOUND, "f") == {
        "file": "f",
        "line": 3,
        "column": 7,
        "path": ["models", "a", 0],
        "message": "unknown key `x`",
        "hint": "write `y`",
        "severity": "error",
    }
    assert output.problem_json(WARNING, "f")["line"] is None


def test_json_is_readable_and_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.data({"a": "…"})
    out = capsys.readouterr().out
    assert "…" in out
    assert json.loads(out) == {"a": "…"}


def test_notes_do_not_mix_with_results(capsys: pytest.CaptureFixture[str]) -> None:
    output.line("result")
    output.note("note")
    assert capsys.readouterr() == ("result\n", "note\n")


@pytest.mark.usefixtures("_colour_allowed")
def test_colours_are_for_terminals() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    output.problems([FOUND], "f", terminal)
    output.problems([FOUND], "f", pipe)
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b[" not in pipe.getvalue()


@pytest.mark.usefixtures("_colour_allowed")
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_are_not_for_everybody(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    terminal = Terminal()
    output.problems([FOUND], "f", terminal)
    assert "\x1b[" not in terminal.getvalue()


def test_a_character_that_the_encoding_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_out = io.BytesIO()
    with io.TextIOWrapper(bytes_out, encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        output.line("a → b")
        assert bytes_out.getvalue() == b"a \\u2192 b\n"
