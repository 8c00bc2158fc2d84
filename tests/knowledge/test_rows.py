from __future__ import annotations

import dataclasses
import json
import re
from importlib import resources
from typing import Any

import msgspec
import pytest

from remuda.knowledge import builds, cuda, defects, features, flags, formats, isas, nixpkgs, rocm, rows, symptoms
from remuda.knowledge.release import release

TABLES: dict[str, type] = {
    "builds": builds.Build,
    "capabilities": cuda.Capability,
    "defects": defects.Defect,
    "features": features.Feature,
    "formats": formats.Format,
    "gfx": rocm.Gfx,
    "isas": isas.Isa,
    "nixpkgs": nixpkgs.Broken,
    "replaced": flags.Replacement,
    "symptoms": symptoms.Symptom,
    "toolkits": cuda.Toolkit,
}


def test_every_data_file_is_a_known_table() -> None:
    names = {file.name for file in (resources.files("remuda.knowledge") / "data").iterdir()}
    texts = {"spellings.txt", "variants.yaml", *(f"flags-{engine}.txt" for engine in flags.HARVESTED)}
    assert names == {f"{name}.json" for name in TABLES} | texts


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_source_and_nothing_that_is_not_read(name: str) -> None:
    read = {field.name for field in dataclasses.fields(TABLES[name])}
    for row in json.loads(rows.text(f"{name}.json")):
        assert row.keys() <= read
        assert len(row["source"]) > 10, row


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_the_shape_of_its_table_and_versions_that_parse(name: str) -> None:
    found: tuple[Any, ...] = rows.rows(name, TABLES[name])
    for row in found:
        numbers = [getattr(row, key) for key in ("version", "driver", "floor", "glibc", "kernel") if hasattr(row, key)]
        assert all(release(number) for number in numbers if number is not None), row


@pytest.mark.parametrize("name", TABLES)
def test_no_row_is_there_twice(name: str) -> None:
    lines = [line.strip(",") for line in rows.text(f"{name}.json").splitlines()]
    assert len(set(lines)) == len(lines)


def test_a_row_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "text", lambda _: '[{"version": "12.9.0", "floor": 525}]')
    with pytest.raises(msgspec.ValidationError, match="floor"):
        rows.rows("toolkits", cuda.Toolkit)


def test_patterns_of_symptoms_compile() -> None:
    for symptom in symptoms.symptoms():
        re.compile(symptom.pattern)
