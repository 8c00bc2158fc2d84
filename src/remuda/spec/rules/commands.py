"""Command lines that were written for a shell, or that start a container around the engine.

What a shell would do to them is not done; what is set around `docker run` stays outside of the container. Command lines
are read as far as that goes, and never judged otherwise: any program may be run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.form import label
from remuda.spec.rules.entries import Entry, entries
from remuda.spec.rules.visibility import CUDA, NVML_SEES

_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_SHELLS: Final = ("sh", "bash", "dash", "zsh")
_CONTAINERS: Final = ("docker", "podman", "nerdctl")
_THEIR_OWN: Final = ("DOCKER_", "CONTAINER_", "BUILDKIT_", "XDG_")
_FOR_ENGINES: Final = ("CUDA_", "HIP_", "ROCR_", "HSA_", "NVIDIA_", "NCCL_", "VLLM_", "HF_", "SGLANG_", "PYTORCH_")
_ALL_GPUS: Final = re.compile(r"--gpus?[= ]+['\"]?all\b|--device[= ]+nvidia\.com/gpu=all\b")


def assignments(document: Document) -> Iterator[Problem]:
    """`NAME=value program`: without a shell that is a program of that name."""
    for entry in entries(document):
        words = _words(entry.keys.get("cmd"))
        found = _ASSIGNMENT.fullmatch(words[0]) if words else None
        if found:
            path = (*entry.path, "cmd")
            message = f"{label(path)} begins by `{found[1]}=…`, as for a shell, but none runs: it would be the program"
            _, inside = _split(words)
            hint = _hint(found[1], inside) if inside else f"put `{found[1]}` under `environment:`"
            yield document.problem(path, message, hint=hint)


def outside(document: Document) -> Iterator[Problem]:
    """A variable for the engine that is set for `docker run`, and does not reach the container."""
    for entry in entries(document):
        path = (*entry.path, "cmd")
        around, inside = _split(_shell_words(entry))
        lost = [name for name in dict.fromkeys((*_assigned(around), *_given(entry))) if not _is_passed(name, inside)]
        for name in lost if inside and not _is_assignment(entry) else ():
            message = f"{label(path)}: `{name}` is set for `{inside[0]}` and does not reach the container"
            yield document.problem(path, message, hint=_hint(name, inside), severity="warning")


def all_gpus(document: Document) -> Iterator[Problem]:
    """`docker run --gpus all` for an engine that is to see some of them."""
    for entry in entries(document):
        around, inside = _split(_shell_words(entry))
        is_narrowed = any(CUDA in word for word in (*around, *inside)) or CUDA in _given(entry)
        if inside and is_narrowed and _ALL_GPUS.search(" ".join(inside)):
            path = (*entry.path, "cmd")
            message = f"{label(path)} gives the container all GPUs: {NVML_SEES}"
            hint = "give it one: `--device nvidia.com/gpu=GPU-…`"
            yield document.problem(path, message, hint=hint, severity="warning")


def _words(command: object) -> list[str]:
    """The words of a command; none where another rule says that it is none."""
    if isinstance(command, list):
        return [word for word in command if isinstance(word, str)]
    try:
        return shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        return []


def _shell_words(entry: Entry) -> list[str]:
    """The words of a command, or of the script that it hands to a shell."""
    words = _words(entry.keys.get("cmd"))
    if words and PurePosixPath(words[0]).name in _SHELLS:
        options = [index for index, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)]
        return _words(" ".join(words[options[0] + 1 : options[0] + 2])) if options else words
    return words


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before `docker run`, and that with all that follows; nothing follows where none is started."""
    for index, word in enumerate(words[:-1]):
        if PurePosixPath(word).name in _CONTAINERS and "run" in words[index + 1 : index + 3]:
            return words[:index], (PurePosixPath(word).name, *words[index + 1 :])
    return words, ()


def _assigned(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        found = _ASSIGNMENT.fullmatch(word)
        if found and not found[1].startswith(_THEIR_OWN):
            yield found[1]


def _given(entry: Entry) -> list[str]:
    """Variables of the model that are meant for an engine, by their beginning."""
    environment = entry.keys.get("environment")
    given = environment.items() if isinstance(environment, dict) else ()
    return [name for name, value in given if value is not None and name.startswith(_FOR_ENGINES)]


def _is_passed(name: str, words: Sequence[str]) -> bool:
    """Whether `-e NAME`, `-e NAME=…`, `--env=NAME…` is among the options, or a file of variables that may hold it."""
    options = " ".join(words)
    return bool(re.search(rf"(-e|--env)[= ]?['\"]?{re.escape(name)}\b|--env-(file|host)", options))


def _is_assignment(entry: Entry) -> bool:
    """Whether another rule has said what is wrong with it."""
    words = _words(entry.keys.get("cmd"))
    return bool(words and _ASSIGNMENT.fullmatch(words[0]))


def _hint(name: str, inside: Sequence[str]) -> str:
    runtime = "docker" if inside[0] == "docker" else "podman"
    return f"put `-e {name}=…` after `run`, or use `runtime: {runtime}` with `image` and `environment`"
