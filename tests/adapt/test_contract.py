"""What an adapter hands back."""

from __future__ import annotations

from remuda.adapt.contract import Adapted, Remark
from remuda.errors import Problem


def test_a_fleet_is_refused_for_an_error_and_not_for_a_warning() -> None:
    warned = Adapted(remarks=(Remark("a.yaml", Problem("`x` is not known", severity="warning")),))
    refused = Adapted(remarks=(*warned.remarks, Remark("a.yaml", Problem("`y` cannot be read"))))
    assert not Adapted().is_refused
    assert not warned.is_refused
    assert refused.is_refused
