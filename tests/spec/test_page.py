from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from remuda.engines import ENGINES
from remuda.spec.fleet import Fleet
from remuda.spec.gateway import Gateway, Key, Tls
from remuda.spec.limits import Limits
from remuda.spec.model import Model
from remuda.spec.page import page
from remuda.spec.route import FORMS
from remuda.spec.schema import schema

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "fleet-file.md"


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(schema(ENGINES)), "run scripts/generate"


def test_every_key_has_a_row() -> None:
    text = page(schema(ENGINES))
    sections: tuple[type[BaseModel], ...] = (Fleet, Gateway, Key, Tls, Limits, Model, *FORMS.values())
    names = [field.alias or name for section in sections for name, field in section.model_fields.items()]
    assert [name for name in names if f"| `{name}` | " not in text] == []


def test_rows_are_rows() -> None:
    rows = [line for line in page(schema(ENGINES)).splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if row.replace("\\|", "").count("|") != 4] == []
