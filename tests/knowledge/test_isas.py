from __future__ import annotations

import pytest

from remuda.knowledge.isas import isa, isas, of_suffix


def test_every_isa_is_found_by_its_name_and_by_its_suffix() -> None:
    for row in isas():
        assert isa(row.isa) is row
        assert of_suffix(row.suffix) is row
    assert isa("sse9") is None
    assert of_suffix("sse9") is None


def test_the_platform_is_as_nix_has_it() -> None:
    assert {row.platform for row in isas()} == {"x86_64-linux", "aarch64-linux"}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_those_that_more_processors_have_come_first(machine: str) -> None:
    rows = [row for row in isas() if row.machine == machine]
    assert [len(row.needs) for row in rows] == sorted(len(row.needs) for row in rows)
