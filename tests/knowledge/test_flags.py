from __future__ import annotations

import pytest

from remuda.knowledge import flags
from remuda.knowledge.flags import Kind, Standing, Table
from remuda.knowledge.rows import rows


def table(engine: str) -> Table:
    found = flags.table(engine)
    assert found
    return found


@pytest.mark.parametrize(
    ("kind", "name", "version", "expected"),
    [
        ("flag", "--swap-space", "0.17.1", Standing("known")),
        ("flag", "--swap-space", "0.18.0", Standing("gone", "0.18.0")),
        ("flag", "--swap-space", "0.33.0", Standing("gone", "0.18.0")),
        ("flag", "--runner", "0.9.2", Standing("later", "0.10.1")),
        ("flag", "--max-modle-len", "0.20.0", Standing("never")),
        ("flag", "--max-model-len", "0.20.0rc1", Standing("unknown")),
        ("flag", "--max-model-len", "99.0", Standing("unknown")),
        ("flag", "-tp", "v0.20.0", Standing("known")),
        ("flag", "--no-enforce-eager", "0.8.0", Standing("later", "0.9.0")),
        ("variable", "VLLM_USE_V1", "0.11.1", Standing("gone", "0.11.1")),
        ("variable", "VLLM_ROCM_USE_AITER_FP4_ASM_GEMM", "0.30.0", Standing("gone", "0.29.0")),
        ("variable", "VLLM_ROCM_USE_AITER_FP4_ASM_GEMM", "0.31.0", Standing("known")),
    ],
)
def test_how_a_release_of_vllm_stands_to_a_name(kind: Kind, name: str, version: str, expected: Standing) -> None:
    assert table("vllm").standing(kind, name, version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("b10700", Standing("known")),
        ("b10900", Standing("unknown")),  # between the last build read that has it and the first that has not
        ("b11300", Standing("gone", "b11063")),
    ],
)
def test_between_two_builds_of_llama_cpp(version: str, expected: Standing) -> None:
    assert table("llama-cpp").standing("flag", "--mlock", version) == expected


def test_every_release_of_vllm_since_0_8_is_there() -> None:
    releases = table("vllm").releases
    assert releases[0] == "0.8.0"
    assert {"0.8.5.post1", "0.10.1.1", "0.15.0", "0.15.1", "0.33.0"} <= set(releases)
    assert len(releases) == 50


def test_what_a_release_knows_is_less_than_what_any_does() -> None:
    assert table("vllm").known("flag", "0.8.0") < table("vllm").known("flag")


def test_other_engines_have_no_table() -> None:
    assert flags.table("sglang") is None


def test_what_is_replaced_is_gone() -> None:
    for row in rows("replaced", flags.Replacement):
        kind: Kind = "flag" if row.name.startswith("-") else "variable"
        names = table(row.engine)
        assert names.standing(kind, row.name, names.releases[-1]).state == "gone", row.name


def test_what_a_name_was_replaced_by() -> None:
    found = flags.replacement("vllm", "--task")
    assert found
    assert found.instead == "use `runner` and `convert`"
    assert flags.replacement("vllm", "--max-model-len") is None
