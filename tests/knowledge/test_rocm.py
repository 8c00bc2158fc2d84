from __future__ import annotations

import pytest

from remuda.knowledge import rocm


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AMD Instinct MI50/MI60", "gfx906"),
        ("AMD Radeon PRO W7500", "gfx1102"),
        ("AMD Instinct MI300X", "gfx942"),
        ("AMD Radeon RX 7900 XTX", "gfx1100"),
        ("AMD Radeon 8060S", "gfx1151"),
        ("AMD Radeon RX 9070 XT", "gfx1201"),
        ("NVIDIA L4", None),
    ],
)
def test_the_target_of_a_card(name: str, expected: str | None) -> None:
    found = rocm.of_card(name)
    assert (found.gfx if found else None) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Vega 20 [Radeon Pro VII/Radeon Instinct MI50 32GB]", "gfx906"),
        ("Navi 33 [Radeon Pro W7500]", "gfx1102"),
        ("Strix Halo [Radeon Graphics / Radeon 8060S Graphics]", "gfx1151"),
        ("Strix [Radeon 880M / 890M]", "gfx1150"),
        ("GA102 [GeForce RTX 3090]", None),
    ],
)
def test_the_target_of_a_chip(title: str, expected: str | None) -> None:
    found = rocm.of_chip(title)
    assert (found.gfx if found else None) == expected


def test_every_chip_has_a_target_that_is_known() -> None:
    assert all(rocm.of_chip(chip) for chip in rocm.CHIPS)


def test_strix_halo_has_an_override_that_works_and_one_that_fails() -> None:
    found = rocm.gfx("gfx1151")
    assert found
    assert (found.override, found.overrides_failing, found.kernel) == ("11.0.0", ("11.5.0",), "6.18.4")


def test_a_target_that_nobody_wrote_down() -> None:
    assert rocm.gfx("gfx1") is None


@pytest.mark.parametrize(
    ("target", "expected"), [("gfx1030", "10.3.0"), ("gfx906", "9.0.6"), ("gfx90a", "9.0.10"), ("gfx1151", "11.5.1")]
)
def test_the_override_that_stands_for_a_target(target: str, expected: str) -> None:
    assert rocm.override_of(target) == expected


@pytest.mark.parametrize(
    ("override", "target"),
    [("10.3.0", "gfx1030"), ("11.0.0", "gfx1100"), ("9.0.10", "gfx90a"), ("9.0.6", "gfx906"), ("gfx906", None)],
)
def test_an_override_stands_for_a_target(override: str, target: str | None) -> None:
    assert rocm.target_of(override) == target
    assert target is None or rocm.override_of(target) == override
