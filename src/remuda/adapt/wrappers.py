"""Programs that start another one, as `env`, `exec`, `nohup`, `numactl` and `tini` do.

What they say of variables is kept. Those that only stand between a shell or a container and the program do nothing that
Remuda does not do itself; those that change how the program runs (its CPUs, its memory's place, its priority) cannot be
said of an engine, so that is told.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_IDLE: Final = {
    "exec": {"-a"},
    "nohup": set(),
    "setsid": set(),
    "command": set(),
    "time": {"-f", "-o"},
    "tini": {"-p", "-e"},
    "dumb-init": {"-r"},
    "catatonit": {"-P"},
}
"""Programs without an effect on the engine, with their options that take a word."""

_CHANGING: Final = {
    "numactl": {"-i", "-N", "-m", "-C", "-p", "-w", "--interleave", "--cpunodebind", "--membind", "--physcpubind"},
    "nice": {"-n"},
    "ionice": {"-c", "-n"},
    "chrt": {"-p"},
    "stdbuf": {"-i", "-o", "-e"},
    "taskset": set(),
}
_TAKES_A_WORD: Final = {"taskset", "chrt"}
"""These have a word of their own before the program."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A command line without what was around it, the variables that this set, and what it said besides."""

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def unwrapped(argv: Sequence[str]) -> Bare:
    """The program that the words start in the end."""
    words, environment, remarks = deque(argv), dict[str, str](), list[str]()
    while words:
        name = PurePosixPath(words[0]).name
        if assigned := ASSIGNMENT.fullmatch(words[0]):
            environment[assigned[1]] = assigned[2]
            words.popleft()
        elif name == "env":
            words.popleft()
            remarks += _options_of_env(words)
        elif name in _IDLE:
            words.popleft()
            _skip_options(words, _IDLE[name])
        elif name in _CHANGING:
            remarks.append(f"`{_taken(words, name)}` is left out: an engine is started by itself")
        else:
            break
    return Bare(tuple(words), environment, tuple(remarks))


def _taken(words: deque[str], name: str) -> str:
    taken = [words.popleft(), *_skip_options(words, _CHANGING[name])]
    if name in _TAKES_A_WORD and words:
        taken.append(words.popleft())
    return " ".join(taken)


def _skip_options(words: deque[str], with_word: set[str]) -> list[str]:
    taken = []
    while words and words[0].startswith("-"):
        taken.append(words.popleft())
        if taken[-1] == "--":
            break
        if taken[-1] in with_word and words:
            taken.append(words.popleft())
    return taken


def _options_of_env(words: deque[str]) -> list[str]:
    taken = _skip_options(words, {"-u", "--unset", "-C", "--chdir"})
    return [f"`env {' '.join(taken)}` is left out: an engine gets the variables of its host"] if taken else []
