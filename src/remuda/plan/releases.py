"""Flags and variables that the pinned release of an engine does not know.

Which release runs is known where a container's image is an official one and its tag names a release. There, a flag that
the release does not have is an error, since the engine refuses to start. (A plugin of vLLM may add flags, but official
images have no plugins.) Where it is not known (no tag, a nightly build, a fork, a program of the machine), a name is
worth a warning that newer releases lost, or that none had but much looks like. A variable is never more than a warning:
engines ignore those that they do not know, and plugins read their own.

Values are not judged here. Names that files of variables set are told apart by `remuda.plan.environment_files`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from remuda.engines import ENGINES, flags
from remuda.errors import Problem, SpecError
from remuda.knowledge.flags import HARVESTED, Kind, Standing, Table, replacement, table
from remuda.plan.images import OFFICIAL, TAGS
from remuda.spec.document import Document, Path
from remuda.spec.form import label
from remuda.spec.nearest import nearest
from remuda.spec.rules.entries import Entry, entries

_TITLES: Final = {"vllm": "vLLM", "llama-cpp": "llama.cpp"}
_KINDS: Final[Mapping[str, Kind]] = {"settings": "flag", "environment": "variable"}
_PREFIXES: Final = {"vllm": ("VLLM_",), "llama-cpp": ("LLAMA_ARG_",)}
_SCRIPTS: Final = {
    "GPU_MEM_UTIL": "gpu-memory-utilization",
    "GPU_MEMORY_UTILIZATION": "gpu-memory-utilization",
    "MAX_MODEL_LEN": "max-model-len",
    "MAX_NUM_SEQS": "max-num-seqs",
    "MODEL_PATH": "model",
    "TENSOR_PARALLEL_SIZE": "tensor-parallel-size",
}
"""Variables that start scripts around vLLM read, and vLLM does not."""
_BUILT = "is read when vLLM is built, not when it runs"
_OTHERWISE: Final = {
    "VLLM_PORT": "is the port at which vLLM's own workers meet, not the one that it serves at",
    "VLLM_CPU_DISABLE_AVX512": _BUILT,
    "VLLM_CPU_AVX2": _BUILT,
    "VLLM_CPU_AVX512": _BUILT,
}
"""Variables that do another thing than they seem to: vllm/envs.py, and cmake/cpu_extension.cmake."""
_CONTAINED: Final = ("podman", "docker")
_ALIKE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Pin:
    """Which release of an engine runs; None if that is not known, and then whether it may be one of a fork's.

    Of a build that was not read itself, only its neighbours, a name that they lack is not surely a mistake; nor of one
    that steps before its start may change.
    """

    engine: str
    release: str | None
    is_fork: bool = False
    was_read: bool = False


def unknown_names(document: Document) -> Iterator[Problem]:
    """Flags and variables of all models, each at the place where it is written.

    What an engine's defaults say may run in several releases. A place is not warned of if it has an error.
    """
    places: dict[Path, list[Problem]] = {}
    for entry in entries(document):
        if entry.engine in HARVESTED:
            for problem in _of_model(document, entry, _pin(document, entry)):
                places.setdefault(problem.path, []).append(problem)
    for found in places.values():
        errors = {problem.message: problem for problem in found if problem.severity == "error"}
        yield from errors.values() or found[:1]


def unread(document: Document, entry: Entry, variable: str) -> Problem | None:
    """What there is to say against a variable of a model, wherever it is set; None if the engine may read it."""
    if entry.engine not in HARVESTED:
        return None
    pin = _pin(document, entry)
    name = _variable(pin.engine, variable)
    return _judged(pin, "variable", name) if name is not None else None


def _of_model(document: Document, entry: Entry, pin: Pin) -> Iterator[Problem]:
    for section, kind in _KINDS.items():
        for path, value in _effective(document, entry, section).items():
            key = str(path[-1])
            name = _word(pin.engine, key, value) if kind == "flag" else _variable(pin.engine, key)
            found = _judged(pin, kind, name) if name is not None else None
            if found is not None:
                message = f"{label(path)}: {found.message}"
                yield document.problem_of_key(path, message, hint=found.hint, severity=found.severity)


def _pin(document: Document, entry: Entry) -> Pin:
    """As `remuda.spec.merge` does it: a model that names an image or a pin gives up the engine's."""
    engine = str(entry.engine)
    if entry.runtime not in _CONTAINED:
        return Pin(engine, None)
    defaults = document.mapping("engines", engine)
    pinned = entry.keys if any(key in entry.keys for key in ("image", "tag", "digest")) else defaults
    image = entry.keys.get("image", defaults.get("image"))
    if not OFFICIAL[engine].fullmatch(str(image)):
        return Pin(engine, None, is_fork=True)
    tag = TAGS[engine].fullmatch(str(pinned.get("tag", "")))
    known = table(engine)
    around = known.around(tag["release"]) if tag and known else None
    was_read = around is not None and around[0] == around[1] and not entry.keys.get("steps")
    return Pin(engine, tag["release"] if tag and around else None, was_read=was_read)


def _effective(document: Document, entry: Entry, section: str) -> dict[Path, Any]:
    """What a model has of its engine and of its own, by place; its own `max_model_len` replaces a `max-model-len`."""
    found: dict[str, tuple[Path, Any]] = {}
    for path in (("engines", str(entry.engine), section), (*entry.path, section)):
        for name, value in document.mapping(*path).items():
            found[name.replace("_", "-")] = ((*path, name), value)
    return {path: value for path, value in found.values() if section == "settings" or value is not None}


def _variable(engine: str, name: str) -> str | None:
    return name if name.startswith(_PREFIXES[engine]) or _meant_flag(engine, name) else None


def _meant_flag(engine: str, name: str) -> str | None:
    """The flag of vLLM that a variable is named like; llama.cpp reads its flags from variables indeed."""
    known = table(engine)
    if engine != "vllm" or known is None:
        return None
    prefix = _PREFIXES[engine][0]
    flag = name.removeprefix(prefix).lower().replace("_", "-") if name.startswith(prefix) else _SCRIPTS.get(name)
    return flag if flag in ENGINES[engine].MANAGED or f"--{flag}" in known.known("flag") else None


def _word(engine: str, key: str, value: object) -> str | None:
    """The flag as the engine's parser takes it; None for one that is not rendered, or is judged elsewhere."""
    if not flags.without_managed({key: value}, ENGINES[engine].MANAGED):
        return None
    try:
        words = flags.render({key: value}, ENGINES[engine].DIALECT)
    except SpecError:
        return None
    if not words:
        return None
    word = words[0].partition("=")[0]
    return word.replace("_", "-").partition(".")[0] if engine == "vllm" else word


@cache
def _judged(pin: Pin, kind: Kind, name: str) -> Problem | None:
    """What there is to say against a name in a release; None if it is known there, or may be."""
    known = table(pin.engine)
    if known is None:
        return None
    if name in _OTHERWISE:
        hint = "remove it" + ("" if _OTHERWISE[name] == _BUILT else "; write `port:` beside `engine:` to fix the port")
        return Problem(f"`{name}` {_OTHERWISE[name]}", hint=hint, severity="warning")
    release = pin.release or known.releases[-1]
    standing = known.standing(kind, name, release)
    if standing.state in {"known", "unknown"} or (standing.state == "gone" and pin.is_fork):
        return None
    here = known.known(kind, pin.release)
    is_new = standing.state == "never"
    if is_new and not _is_mistake(pin, kind, name, here):
        return None
    is_error = kind == "flag" and (pin.was_read or (pin.release is not None and not is_new))
    message = _message(pin, standing, f"{kind} `{name}`", known)
    return Problem(message, hint=_hint(pin, name, standing, here), severity="error" if is_error else "warning")


def _is_mistake(pin: Pin, kind: Kind, name: str, known: frozenset[str]) -> bool:
    """Whether a name that no release has is one; a plugin or a fork may have it, unless it looks much like another.

    vLLM's parser takes the beginning of a flag, if only one begins so.
    """
    if pin.engine == "vllm" and name.startswith("--") and sum(flag.startswith(name) for flag in known) == 1:
        return False
    if (kind == "flag" and pin.was_read) or (kind == "variable" and _meant_flag(pin.engine, name)):
        return True
    return nearest(name, known, cutoff=_ALIKE) is not None


def _message(pin: Pin, standing: Standing, what: str, known: Table) -> str:
    title = _TITLES[pin.engine]
    match standing.state, pin.release:
        case "never", _:
            return f"no release of {title} from {known.releases[0]} to {known.releases[-1]} has the {what}"
        case _, None:
            return f"newer {title} has no {what}: it is gone since {standing.since}; which release runs is not known"
        case "gone", _:
            return f"{title} {pin.release} has no {what}: it is gone since {standing.since}"
    return f"{title} {pin.release} has no {what}: it came with {standing.since}"


def _hint(pin: Pin, name: str, standing: Standing, known: frozenset[str]) -> str:
    if standing.state == "gone":
        return _instead(pin.engine, name)
    if standing.state == "later":
        return f"remove it, or pin {standing.since} or newer"
    flag, managed = _meant_flag(pin.engine, name), ENGINES[pin.engine].MANAGED
    if flag and flag in managed:
        return managed[flag]
    if flag and nearest(name, known, cutoff=_ALIKE) is None:
        return f"write `{flag}` under `settings`: it is a flag"
    positive = f"--{name.removeprefix('--no-')}"
    if name.startswith("--no-") and positive in known:
        return "write `null` to leave it out: this flag has no negative form"
    meant = nearest(name, known)
    return f"write `{meant.lstrip('-')}`" if meant else "remove it, or pin a release that has it"


def _instead(engine: str, name: str) -> str:
    row = replacement(engine, name)
    if row is None:
        return "remove it"
    return row.instead if row.instead.startswith(("use ", "set ", "put ")) else f"remove it; {row.instead}"
