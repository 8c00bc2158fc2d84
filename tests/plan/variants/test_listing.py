from __future__ import annotations

from remuda.knowledge.rows import text
from remuda.plan.variants.jobs import jobs
from remuda.plan.variants.listing import HEAD, rows
from remuda.plan.variants.matrix import Variant, variants
from remuda.spec.variants import Variants, read

FILE: Variants = read(text("variants.yaml"), "variants.yaml")[0]


def wanted(line: str) -> list[Variant]:
    return [each for each in variants(line, FILE.lines[line]) if each.is_wanted(force=True)]


def test_a_row_says_what_a_variant_needs() -> None:
    found = {row.name: row for row in rows(wanted("vllm-0.13.0"), jobs(FILE.build))}
    row = found["vllm-python312-cuda12_9-sm90-arm64"]
    assert (row.driver, row.floor, row.platform, row.disk_gb) == ("575.51.03", "525.60.13", "aarch64-linux", 20)
    assert "L40S" not in row.cards
    assert row.cells == (
        *("vllm-python312-cuda12_9-sm90-arm64", "H100, H200, H20, H800, …", "12.9", "575.51.03+", "aarch64-linux"),
        *("20 GB", "45-120 GB", ""),
    )
    assert len(row.cells) == len(HEAD)


def test_what_is_doubtful_or_forced_is_marked() -> None:
    found = {row.name: row.remark for row in rows(wanted("main"), jobs(FILE.build))}
    assert (found["vllm-python313-cuda12_9-sm61-avx"] or "").startswith("forced: vLLM 0.15.1 with CUDA 12.9 compiles")
    assert (found["vllm-python313-cuda12_9-sm103-avx"] or "").startswith("doubtful: vLLM 0.15.1 compiles nothing")
    assert found["vllm-python313-cuda12_9-sm90-avx"] is None
