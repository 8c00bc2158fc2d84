from __future__ import annotations

from remuda.spec.limits import Limits


def test_defaults_are_what_their_descriptions_say() -> None:
    schema = Limits.model_json_schema()["properties"]
    written = {key: field["default"] for key, field in schema.items()}
    assert Limits.model_validate(written) == Limits()


def test_limits_have_units() -> None:
    limits = Limits.model_validate({"body_size": "1GiB", "first_byte_timeout": "5m", "head_timeout": "never"})
    assert (limits.body_bytes, limits.first_byte_timeout_s, limits.head_timeout_s) == (2**30, 300.0, None)


def test_every_key_says_what_it_means() -> None:
    assert [name for name, field in Limits.model_fields.items() if not field.description] == []
