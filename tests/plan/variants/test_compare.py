from __future__ import annotations

import pytest

from remuda.knowledge.rows import text
from remuda.plan.variants.compare import compare
from remuda.spec.variants import Variants, read

FILE: Variants = read(text("variants.yaml"), "variants.yaml")[0]


def test_a_line_against_itself_is_no_difference() -> None:
    found = compare(FILE, "main", "main")
    assert (found.gained, found.lost, found.changes, found.both) == ((), (), (), 84)


def test_main_lost_volta_with_its_pin() -> None:
    found = compare(FILE, "vllm-0.14.1-python312", "main")
    assert (len(found.gained), len(found.lost), found.both) == (0, 10, 84)
    assert {each.why for each in found.lost} == {
        "`main` leaves out 7.0: SM70 was left behind with the change of the nixpkgs pin"
    }
    assert ("vllm", "0.14.1", "0.15.1") in found.changes
    assert ("python", "3.12", "3.13") in found.changes


def test_and_the_other_way_round_it_is_a_gain() -> None:
    found = compare(FILE, "main", "vllm-0.14.1-python312")
    assert (len(found.gained), len(found.lost)) == (10, 0)
    assert found.gained[0].name == "vllm-python312-cuda12_9-sm70-avx"


@pytest.mark.parametrize(
    ("build", "why"),
    [
        ("vllm-python313-cuda12_9-sm75-avx", "`vllm-0.13.0` has no avx for 7.5"),
        ("vllm-python313-cuda12_8-sm75-avx", "`vllm-0.13.0` has no CUDA 12.8"),
        ("vllm-python313-cuda12_9-sm103-avx", "`vllm-0.13.0` leaves out 10.3"),
    ],
)
def test_the_reason_is_what_the_other_line_has_not(build: str, why: str) -> None:
    found = compare(FILE, "main", "vllm-0.13.0")
    assert {each.name: each.why for each in found.lost}[build] == why


def test_a_new_vllm_loses_what_it_has_no_kernels_for() -> None:
    old = FILE.lines["vllm-0.14.1-python312"]
    lines = {"old": old, "new": old.model_copy(update={"vllm": "0.20.0"})}
    found = compare(FILE.model_copy(update={"lines": lines}), "old", "new")
    assert {each.name.split("-")[3] for each in found.lost} == {"sm70"}
    assert all("vLLM 0.20.0" in each.why and "not for 7.0" in each.why for each in found.lost)
