from __future__ import annotations

from remuda.spec.fleet import Fleet, Lint, Residency, Split


def test_a_fleet_needs_nothing_but_models() -> None:
    fleet = Fleet.model_validate({"models": {"a": {"url": "http://h"}}})
    assert (fleet.gateway.port, fleet.lint.model_ids, dict(fleet.routes)) == (8080, "warning", {})
    assert fleet.models["a"].url == "http://h"


def test_routes_are_names_or_splits() -> None:
    fleet = Fleet.model_validate({"models": {}, "routes": {"a": "b", "c": {"split": {"a": 9, "b": 1}}}})
    assert fleet.routes["a"] == "b"
    split = fleet.routes["c"]
    assert isinstance(split, Split)
    assert dict(split.split) == {"a": 9, "b": 1}


def test_budgets_are_bytes() -> None:
    assert dict(Residency.model_validate({"budget": {"cuda0": "1KiB"}}).budget) == {"cuda0": 1024}


def test_every_key_says_what_it_means() -> None:
    sections = (Fleet, Residency, Lint, Split)
    assert [name for section in sections for name, field in section.model_fields.items() if not field.description] == []
