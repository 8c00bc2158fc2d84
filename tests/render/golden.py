"""Cases of a render target: a folder with `remuda.yaml`, and with what comes of it.

`facts.json` tells of the machine, if something is known of it. `expected/` holds the files, `notes.txt` the warnings if
there are any; `error.txt` the refusals instead. With REMUDA_UPDATE_GOLDENS=1 they are written, to be read in the
diff.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.render import TARGETS
from remuda.render.contract import Rendering, Request
from remuda.spec.check import in_order

HERE = Path(__file__).parent


def folder_of(target: str) -> Path:
    return HERE / target.replace("-", "_")


def cases(target: str) -> list[str]:
    return sorted(file.parent.name for file in folder_of(target).glob("*/remuda.yaml"))


def rendered(target: str, case: str) -> tuple[Rendering, str]:
    """The rendering of a case, and its problems as users see them."""
    text = (folder_of(target) / case / "remuda.yaml").read_bytes()
    fleet, document, _ = load_fleet(text, "remuda.yaml")
    facts = folder_of(target) / case / "facts.json"
    host = Host.from_json(facts.read_bytes()) if facts.exists() else Host(())
    rendering = TARGETS[target].render(Request(fleet, host, text=text.decode()))
    placed = (replace(problem, position=document.at(problem.path)) for problem in rendering.problems)
    return rendering, "".join(map(_shown, in_order(placed)))


def check(target: str, case: str) -> None:
    rendering, said = rendered(target, case)
    folder = folder_of(target) / case
    made = {f"expected/{path}": text for path, text in rendering.files.items()}
    if said:
        made["error.txt" if rendering.is_refused else "notes.txt"] = said
    if os.environ.get("REMUDA_UPDATE_GOLDENS") == "1":
        _update(folder, made)
    there = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    for given in ("remuda.yaml", "facts.json"):
        there.pop(given, None)
    assert made == there


def _update(folder: Path, made: dict[str, str]) -> None:
    shutil.rmtree(folder / "expected", ignore_errors=True)
    for name in ("error.txt", "notes.txt"):
        (folder / name).unlink(missing_ok=True)
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _shown(problem: Problem) -> str:
    place = f"{problem.position.line}:{problem.position.column}" if problem.position else "?"
    severity = "warning: " if problem.severity == "warning" else ""
    return f"{place} {severity}{problem.message}\n" + (f"  hint: {problem.hint}\n" if problem.hint else "")
