from __future__ import annotations

from remuda.spec.engine import EngineDefaults


def test_nothing_is_required() -> None:
    defaults = EngineDefaults()
    assert (defaults.devices, dict(defaults.environment), dict(defaults.settings)) == (None, {}, {})


def test_every_key_says_what_it_means() -> None:
    assert [name for name, field in EngineDefaults.model_fields.items() if not field.description] == []
