"""Lines that a container runs before its engine: they need a container, and the engine after them.

They are the shell's and not judged otherwise: any program may be run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from remuda.errors import Problem
from remuda.spec.defaults import EXTERNAL
from remuda.spec.document import Document
from remuda.spec.form import label, shown
from remuda.spec.rules.entries import Entry, entries, texts

CONTAINED: Final = ("podman", "docker")

_WRONGS: Final = (
    (
        re.compile(r"\$\{(?:env|file|cred):[^{}]*\}"),
        "has a reference: steps are the shell's as they are, and Remuda puts no secrets into them",
        "give a variable the reference in `environment`, and write `$NAME` here",
    ),
    (
        re.compile(r"(?:^|\n|;|&&)[ \t]*exec[ \t]+[^\s\d<>&;]"),
        "makes way for another program by `exec`: the engine would never come",
        "leave the engine out; it is started after the last step",
    ),
    (
        re.compile(r"(?<!\\)(?:\\\\)*\\\n*\Z"),
        "ends in a `\\`, which would take in the line after it",
        "remove it",
    ),
)


def contained(document: Document) -> Iterator[Problem]:
    """Steps of a model that is not run from an image."""
    for entry in entries(document):
        if entry.keys.get("steps") and entry.runtime != EXTERNAL and not _is_contained(document, entry):
            path = (*entry.path, "steps")
            message = f"{label(path)} cannot be used with the runtime {shown(entry.runtime)}: they run in a container"
            if entry.runtime == "systemd":
                message = f"{label(path)} cannot be used without an image: they run in a container"
            hint = "set `runtime: podman` and an image, or run a program of this machine by `hooks.before_load`"
            yield document.problem_of_key(path, message, hint=hint)


def lines(document: Document) -> Iterator[Problem]:
    """Steps after which no engine would come, and references, which nobody would replace."""
    for entry in entries(document):
        for index, step in texts(entry.keys.get("steps")):
            path = (*entry.path, "steps", index)
            for form, what, hint in _WRONGS:
                if form.search(step):
                    yield document.problem(path, f"{label(path)} {what}", hint=hint)


def _is_contained(document: Document, entry: Entry) -> bool:
    has_image = "image" in entry.keys or "image" in document.mapping("engines", str(entry.engine))
    return entry.runtime in CONTAINED or (entry.runtime == "systemd" and has_image)
