from __future__ import annotations

from remuda.spec.fleet import Fleet, Lint, Residency


def test_a_fleet_needs_nothing_but_models() -> None:
    fleet = Fleet.model_validate({"models": {"a": {"url": "http://h"}}})
    assert (fleet.gateway.port, fleet.lint.model_ids, dict(fleet.routes)) == (8080, "warning", {})
    assert fleet.models["a"].url == "http://h"


def test_budgets_are_bytes() -> None:
    assert dict(Residency.model_validate({"budget": {"cuda0": "1KiB"}}).budget) == {"cuda0": 1024}


def test_every_key_says_what_it_means() -> None:
    sections = (Fleet, Residency, Lint)
    assert [name for section in sections for name, field in section.model_fields.items() if not field.description] == []
