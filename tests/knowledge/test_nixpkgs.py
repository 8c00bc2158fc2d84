from datetime import UTC, datetime

from remuda.engines import ENGINES
from remuda.knowledge.nixpkgs import broken


def test_both_ways_to_say_a_day_agree() -> None:
    for row in broken():
        assert row.package in ENGINES
        assert datetime.fromtimestamp(row.epoch, UTC).isoformat() == f"{row.since}T00:00:00+00:00"


def test_vllm_for_rocm_is_known() -> None:
    (row,) = [row for row in broken() if (row.package, row.platform) == ("vllm", "rocm")]
    assert (row.since, row.reference) == ("2026-03-02", "NixOS/nixpkgs#495680")
