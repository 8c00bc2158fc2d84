from dataclasses import replace

import pytest

from remuda.knowledge import cuda
from remuda.knowledge.builds import find
from remuda.knowledge.release import Span
from remuda.plan.verdict.drivers import drivers, explain, line, runs_line
from tests.plan.verdict.hosts import aim

RTX_3090 = aim("rtx-3090", "cuda0")
IMAGES = [row for row in find("vllm", "cuda", artefact="image") if row.machine == "x86_64" and row.suffix is None]
IMAGE = {row.versions.text: row for row in IMAGES}


def test_12_9_comes_with_575_and_runs_from_525_on() -> None:
    toolkit = cuda.toolkit("12.9.0")
    assert toolkit
    found = explain(toolkit, "560.28.03")
    assert found.state == "yes"
    assert found.message == (
        "CUDA 12.9.0 comes with driver 575.51.03, but binary code of CUDA 12 runs from driver 525.60.13 on "
        "(minor version compatibility), and 560.28.03 is loaded"
    )
    assert explain(toolkit, "575.51.03").message == "driver 575.51.03 is no older than that of CUDA 12.9.0 (575.51.03)"
    assert explain(toolkit, "525.60.13").state == "yes"
    too_old = explain(toolkit, "525.60.11")
    assert (too_old.state, too_old.confidence) == ("no", "read")
    assert too_old.hint == "install driver 525.60.13 or newer, or take a build for an older CUDA"


@pytest.mark.parametrize(
    ("versions", "driver", "states"),
    [
        ("0.17.0..0.19.1", "575.57.08", ["yes"]),
        ("0.17.0..0.19.1", "535.183.01", ["yes"]),
        ("0.17.0..0.19.1", "470.256.02", ["no"]),
        ("0.24.0..0.26.0", "575.57.08", ["no"]),
        ("0.24.0..0.26.0", "580.65.06", ["yes"]),
        ("0.24.0..0.26.0", None, ["unknown"]),
    ],
)
def test_a_driver_has_a_floor_for_each_major_version(versions: str, driver: str | None, states: list[str]) -> None:
    assert [found.state for found in drivers(IMAGE[versions], replace(RTX_3090, driver=driver))] == states


def test_a_card_for_data_centres_may_have_forward_compatibility() -> None:
    found = list(drivers(IMAGE["0.24.0..0.26.0"], aim("h100", "cuda0")))
    assert [reason.state for reason in found] == ["unknown"]
    assert "cuda-compat" in (found[0].note or "")


def test_minor_version_compatibility_covers_no_ptx() -> None:
    row = IMAGE["0.9.0..0.9.1"]
    rtx_5090 = replace(aim("rtx-5090", "cuda0"), driver="570.25")
    assert [found.state for found in drivers(row, rtx_5090)] == ["yes", "no"]
    assert [found.state for found in drivers(row, replace(rtx_5090, driver="570.86.10"))] == ["yes"]


def test_a_new_card_needs_its_first_driver() -> None:
    found = next(drivers(IMAGE["0.9.2..0.9.2"], replace(aim("rtx-5090", "cuda0"), driver="565.77")))
    assert (found.state, found.message) == ("no", "cards of 12.0 need driver 570 or newer, and 565.77 is loaded")


def test_an_engine_has_a_floor_of_its_own() -> None:
    row = next(find("ollama", "cuda", version="0.31.2"))
    found = next(drivers(row, replace(RTX_3090, driver="535.54.03")))
    assert (found.state, found.message) == ("no", "it asks for driver 550 or newer, and 535.54.03 is loaded")


def test_ptx_of_an_engine_that_names_its_driver_is_counted_there() -> None:
    row = next(row for row in find("ollama", "cuda", version="0.31.2") if row.serves("6.1") == "ptx")
    assert [found.state for found in drivers(row, aim("p40", "cuda0"))] == ["yes"]


def test_a_build_of_an_unknown_cuda_runs_surely_on_the_newest_drivers_only() -> None:
    row = next(find("sglang", "cuda"))
    assert [found.state for found in drivers(row, aim("h100", "cuda0"))] == ["unknown"]
    assert list(drivers(row, aim("h200", "cuda0"))) == []


def test_rocm_may_be_too_new_or_too_old_for_a_card() -> None:
    mi50, strix = aim("mi50-w7500", "rocm0"), aim("strix-halo", "rocm0")
    late = next(find("llama-cpp", "rocm", version="b6700", artefact="image"))
    assert [(found.state, found.about) for found in drivers(late, mi50)] == [("unknown", "toolkit")]
    old = replace(late, toolkit=Span("6.4..6.4"))
    assert [(found.state, found.about) for found in drivers(old, strix)] == [("unknown", "toolkit")]
    for fine in ("7.2..7.2", "7.0..7.0", "7.0..", "..7.2"):
        assert list(drivers(replace(late, toolkit=Span(fine)), strix)) == []


def test_an_old_kernel_is_a_doubt() -> None:
    row = next(find("vllm", "rocm", version="0.33.0", artefact="image"))
    (found,) = drivers(row, replace(aim("strix-halo", "rocm0"), kernel="6.12.0-generic"))
    assert (found.state, found.about) == ("unknown", "kernel")
    assert "6.18.4" in found.message


def test_nothing_is_built_for_a_driver_below_every_floor() -> None:
    row = next(find("vllm", "cuda", version="0.33.0", artefact="source"))
    assert [found.state for found in line(row, aim("driver-470", "cuda0"))] == ["no"]
    assert list(line(row, replace(RTX_3090, driver="580.95.05"))) == []
    assert runs_line(Span("12.8..12.9"), "550.144.03")
    assert not runs_line(Span("..12.7"), "470.256.02")
    assert runs_line(None, "470.256.02")
    assert runs_line(Span("13.0.."), None)
