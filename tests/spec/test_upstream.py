import pytest
from pydantic import ValidationError

from remuda.spec.upstream import Source, Upstream


def test_defaults() -> None:
    assert Upstream.model_validate({"git": "/a"}).ref is None
    source = Source.model_validate({"upstream": "u", "path": "a.yml"})
    assert (source.service, source.variables, source.drop_steps) == (None, {}, ())


def test_names_of_variables() -> None:
    with pytest.raises(ValidationError):
        Source.model_validate({"upstream": "u", "path": "a.yml", "variables": {"A-B": "1"}})
