"""What `sleep` and `keep_cache` ask for that an engine cannot do, or that has no effect: for `remuda.plan.check`."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.engines import ENGINES
from remuda.engines.contract import Engine
from remuda.errors import Problem
from remuda.spec.defaults import PROCESS
from remuda.spec.document import Document
from remuda.spec.form import label
from remuda.spec.merge import flag
from remuda.spec.rules.entries import Entry, entries

_NEVER_EVICTED = {"always_on": True, "swappable": False}


def resting(document: Document) -> Iterator[Problem]:
    """Everything wrong with the two keys, at their places."""
    for entry in entries(document):
        engine = ENGINES.get(entry.engine or "")
        if engine is None:
            continue
        if "sleep" in entry.keys:
            yield from _sleep(document, entry, engine)
        if entry.keys.get("keep_cache") is True:
            yield from _keep_cache(document, entry, engine)


def _sleep(document: Document, entry: Entry, engine: Engine) -> Iterator[Problem]:
    path = (*entry.path, "sleep")
    if not engine.SLEEP:
        yield _cannot(document, entry, "sleep", (each.NAME for each in ENGINES.values() if each.SLEEP))
    for key, value in _NEVER_EVICTED.items():
        if entry.keys.get(key) is value:
            message = f"{label(path)} has no effect, because the model is never evicted"
            hint = f"remove it, or `{key}`"
            yield document.problem_of_key(path, message, hint=hint, severity="warning")


def _keep_cache(document: Document, entry: Entry, engine: Engine) -> Iterator[Problem]:
    path = (*entry.path, "keep_cache")
    if engine.SLOT_CACHE is None:
        yield _cannot(document, entry, "keep_cache", (each.NAME for each in ENGINES.values() if each.SLOT_CACHE))
        return
    if entry.runtime != PROCESS:
        message = f"{label(path)} cannot be used with the runtime `{entry.runtime}`: the files are on this machine"
        yield document.problem_of_key(path, message, hint="remove it, or `runtime`")
    for key in entry.keys.get("settings") or {}:
        if flag(str(key)) == engine.SLOT_CACHE.setting:
            message = f"{label((*entry.path, 'settings', key))} is set by `keep_cache`"
            yield document.problem_of_key((*entry.path, "settings", key), message, hint="remove one of the two")


def _cannot(document: Document, entry: Entry, key: str, able: Iterator[str]) -> Problem:
    message = f"{label((*entry.path, key))} cannot be used with the engine `{entry.engine}`"
    hint = f"remove it; it is for {', '.join(f'`{name}`' for name in able)}"
    return document.problem_of_key((*entry.path, key), message, hint=hint)
