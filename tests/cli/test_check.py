from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from remuda.cli.main import run

BROKEN = Path(__file__).parent / "broken.yaml"
RIGHT = "models:\n  qwen3-0.6b-cpu:\n    engine: llama-cpp\n    model: q.gguf\n"
ODD = "models: {tiny-a: {url: 'http://h'}}\n"


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_ten_mistakes_are_ten_positioned_problems_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(BROKEN)]) == 2
    captured = capsys.readouterr()
    problems = [line for line in captured.out.splitlines() if not line.startswith("  hint: ")]
    places = [re.fullmatch(rf"{re.escape(str(BROKEN))}:(\d+):(\d+): \S.*", line) for line in problems]
    assert [place and int(place[1]) for place in places] == [3, 8, 9, 12, 15, 18, 20, 22, 25, 26]
    assert captured.out.count("  hint: ") == 10
    assert captured.err == f"{BROKEN}: 10 errors\n"


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--json", str(BROKEN)]) == 2
    problems = json.loads(capsys.readouterr().out)
    assert len(problems) == 10
    assert problems[5] == {
        "file": str(BROKEN),
        "line": 18,
        "column": 5,
        "path": ["models", "gemma4-31b-vllm-cuda1", "modle"],
        "message": "unknown key `models.gemma4-31b-vllm-cuda1.modle`",
        "hint": "write `model`",
        "severity": "error",
    }


def test_a_right_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "remuda.yaml").write_text(RIGHT)
    assert run(["check"]) == 0
    assert capsys.readouterr() == ("", "remuda.yaml: no problems\n")
    assert run(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_warnings_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.yaml").write_text(ODD)
    assert run(["check", "-f", "odd.yaml"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("odd.yaml:1:10: warning: the model ID `tiny-a`")
    assert captured.err == "odd.yaml: 1 warning\n"


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(RIGHT.encode())))
    assert run(["check", "-"]) == 0
    assert capsys.readouterr().err == "<stdin>: no problems\n"


def test_a_file_given_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "a", "-f", "b"]) == 2
    assert "FILE is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "error: cannot read `f.yaml`: there is no such file\n  hint: check the path\n"),
        ("directory", "error: cannot read `f.yaml`: it is a directory\n  hint: name the file: `f.yaml/remuda.yaml`\n"),
        (b"\x7fELF\x00\xff", "f.yaml: cannot read a binary file: expected YAML text\nf.yaml: 1 error\n"),
        (b"", "f.yaml:1:1: the file is empty: expected at least `models`\n"),
        (b"a: \xff", "f.yaml:1:4: cannot read the byte 0xff: expected UTF-8\n"),
        (b"#" * (10 * 2**20 + 1), "f.yaml: cannot read a file of more than 10 MiB\n"),
    ],
)
def test_what_cannot_be_read(content: bytes | str | None, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("f.yaml")
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content:
        file.mkdir()
    assert run(["check", "f.yaml"]) == 2
    captured = capsys.readouterr()
    assert (captured.out + captured.err).startswith(said)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(capsys: pytest.CaptureFixture[str]) -> None:
    Path("f.yaml").write_text(RIGHT)
    Path("f.yaml").chmod(0)
    assert run(["check", "f.yaml"]) == 2
    assert "cannot read `f.yaml`: permission denied" in capsys.readouterr().err


def test_names_in_files_of_variables_are_judged_where_they_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vllm.env").write_text("HF_TOKEN=hf_secret\nVLLM_MAX_MODEL_LEN=4096\n")
    models = "models: {a: {engine: vllm, model: o/a, environment_file: vllm.env}}"
    file = tmp_path / "remuda.yaml"
    file.write_text(f"lint: {{model_ids: off}}\n{models}\n")
    assert run(["check", str(file)]) == 0
    captured = capsys.readouterr()
    first, hint = captured.out.splitlines()
    assert first.startswith(f"{file}:2:58: warning: `models.a.environment_file`: in `vllm.env`, ")
    assert first.endswith("has the variable `VLLM_MAX_MODEL_LEN`")
    assert hint == "  hint: write `max-model-len` under `settings`: it is a flag"
    assert captured.err == f"{file}: 1 warning\n"
