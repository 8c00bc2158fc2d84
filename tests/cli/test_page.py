from pathlib import Path

from remuda.cli.main import COMMANDS
from remuda.cli.page import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/generate"


def test_every_verb_has_a_section() -> None:
    text = page()
    assert [verb for verb in COMMANDS if f"\n## remuda {verb}\n" not in text] == []
