from __future__ import annotations

import json
from pathlib import Path

import pytest

from remuda.cli.main import run

COMMITTED = Path(__file__).parent.parent.parent / "schema"


@pytest.mark.parametrize(("arguments", "name"), [([], "remuda"), (["fleet"], "remuda"), (["variants"], "variants")])
def test_the_schema_is_what_is_committed(arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", *arguments]) == 0
    assert capsys.readouterr().out == (COMMITTED / f"{name}.schema.json").read_text(encoding="utf-8")


def test_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    run(["schema"])
    assert json.loads(capsys.readouterr().out)["title"] == "Remuda fleet file"
