from __future__ import annotations

from remuda.spec.rules.entries import entries, texts
from tests.spec.reading import document


def test_entries_apply_defaults_to_whatever_is_there() -> None:
    found = {
        entry.model_id: entry
        for entry in entries(
            document("""
                models:
                  a: {engine: vllm, unit: x}
                  b: {cmd: x, enabled: false}
                  c: {url: x, engine: [1], runtime: {}}
                  d:
                  e: 5
                """)
        )
    }
    assert list(found) == ["a", "b", "c"]
    assert [(e.engine, e.runtime, e.unit, e.is_enabled) for e in found.values()] == [
        ("vllm", "process", "x", True),
        ("command", "process", "b", False),
        ("command", "external", "c", True),
    ]
    assert found["a"].path == ("models", "a")


def test_no_models_at_all() -> None:
    assert list(entries(document("models: [a]\n"))) == []


def test_texts_of_a_list_only() -> None:
    assert list(texts(["a", 1, "b"])) == [(0, "a"), (2, "b")]
    assert list(texts("ab")) == []
