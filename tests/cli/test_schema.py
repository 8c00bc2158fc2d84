from __future__ import annotations

import json
from pathlib import Path

import pytest

from remuda.cli.main import run

COMMITTED = Path(__file__).parent.parent.parent / "schema" / "remuda.schema.json"


def test_the_schema_is_what_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert capsys.readouterr().out == COMMITTED.read_text(encoding="utf-8")


def test_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    run(["schema"])
    assert json.loads(capsys.readouterr().out)["title"] == "Remuda fleet file"
