"""Golden cases of a render target: a folder with `remuda.yaml`, what comes of it, and what is said of it.

`expected/**` are the files, `problems.txt` the refusals and warnings as the command line prints them; a refused case
has no files. `REMUDA_GOLDENS=write` writes them anew, for somebody to read.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from remuda.errors import Problem
from remuda.plan.check import load_fleet
from remuda.render import TARGETS
from remuda.render.contract import Rendering, Request
from remuda.spec.check import in_order
from remuda.spec.document import Document

HERE = Path(__file__).parent


def cases(target: str) -> list[Path]:
    """The folders of a target's cases."""
    return sorted(path.parent for path in (HERE / target.replace("-", "_")).glob("*/remuda.yaml"))


def rendered(target: str, text: str) -> tuple[Rendering, Document]:
    """What a target makes of a fleet file, for a host of which nothing is known."""
    fleet, document, _ = load_fleet(text, "remuda.yaml")
    return TARGETS[target].render(Request(fleet)), document


def problems_text(document: Document, problems: tuple[Problem, ...]) -> str:
    """Problems at their places, one a line."""
    placed = in_order(replace(problem, position=document.at(problem.path)) for problem in problems)
    return "".join(
        f"{problem.position.line}:{problem.position.column}: {problem.severity}: {problem.message}"
        f"{f' ({problem.hint})' if problem.hint else ''}\n"
        for problem in placed
        if problem.position
    )


def check_case(target: str, case: Path) -> None:
    """Compare what is rendered with what is expected."""
    rendering, document = rendered(target, (case / "remuda.yaml").read_text())
    said = problems_text(document, rendering.problems)
    if os.environ.get("REMUDA_GOLDENS") == "write":
        _write(case, rendering.files, said)
    expected = case / "expected"
    assert {str(path): text for path, text in rendering.files.items()} == {
        str(path.relative_to(expected)): path.read_text() for path in expected.rglob("*") if path.is_file()
    }
    problems = case / "problems.txt"
    assert said == (problems.read_text() if problems.exists() else "")
    assert rendering.is_refused == (not rendering.files)


def _write(case: Path, files: Mapping[PurePosixPath, str], said: str) -> None:
    for path in (case / "expected").rglob("*"):
        if path.is_file():
            path.unlink()
    for name, text in {**{case / "expected" / path: text for path, text in files.items()}}.items():
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_text(text)
    (case / "problems.txt").unlink(missing_ok=True)
    if said:
        (case / "problems.txt").write_text(said)
