from __future__ import annotations

from pathlib import Path

from remuda.knowledge import builds, symptoms
from remuda.knowledge.page import page

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "knowledge.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in page().replace("\\|", "").splitlines():
        if line.startswith("|---"):
            width = line.count("|")
        elif line.startswith("| ") and width:
            assert line.count("|") == width, line
        elif not line:
            width = 0


def test_every_build_and_symptom_is_on_the_page() -> None:
    assert sum(line.startswith("| vllm | ") for line in page().splitlines()) >= len(list(builds.find("vllm")))
    assert all(symptom.cause in page() for symptom in symptoms.symptoms())
