"""What a service runs and in which environment, with its secrets by reference.

Secrets of the environment are put in by compose. Those of files are only seen inside, so a service that has some is
started by a shell there, which reads them and makes way for the engine: their values are in no file, and
`docker inspect` does not show them. In such a script every secret is a variable of the shell, so that no value is ever
read as part of the script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from remuda.quoting.compose import escaped
from remuda.quoting.shell import quoted
from remuda.render.compose.interpolation import secret_path, variable
from remuda.render.starting import Starting, Word, joined
from remuda.spec.reference import Reference


@dataclass(frozen=True, slots=True)
class Command:
    """The keys of a service that start it. `secrets`: the files that it has to see."""

    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = field(default=())


def command(starting: Starting) -> Command:
    """The keys for an instance."""
    everywhere = [*starting.argv, *starting.environment.values()]
    found = dict.fromkeys(part for word in everywhere for part in word if isinstance(part, Reference))
    files = tuple(reference.name for reference in found if reference.kind == "file")
    if files:
        return _by_shell(starting, tuple(found), files)
    program, *arguments = (_interpolated(word) for word in starting.argv)
    environment = {name: _interpolated(word) for name, word in starting.environment.items()}
    return Command((program,), tuple(arguments), environment)


def _interpolated(word: Word) -> str:
    return joined(word, lambda reference: variable(reference.name), escaped)


def _by_shell(starting: Starting, references: tuple[Reference, ...], files: tuple[str, ...]) -> Command:
    names = {reference: f"REMUDA_SECRET_{number}" for number, reference in enumerate(references)}
    secretive = {name: word for name, word in starting.environment.items() if _has_reference(word)}
    script = [
        "set -e",
        *(f'{names[each]}="$(cat {quoted(secret_path(each.name))})"' for each in references if each.kind == "file"),
        *(f"{name}={_script_word(word, names)}; export {name}" for name, word in secretive.items()),
        *(f"unset {names[each]}" for each in references if not _is_in(each, starting.argv)),
        " ".join(["exec", *(_script_word(word, names) for word in starting.argv)]),
    ]
    plain = {name: _interpolated(word) for name, word in starting.environment.items() if name not in secretive}
    passed = {names[each]: variable(each.name) for each in references if each.kind == "env"}
    return Command(("/bin/sh", "-c", escaped("\n".join(script))), (), {**plain, **passed}, files)


def _script_word(word: Word, names: Mapping[Reference, str]) -> str:
    return joined(word, lambda reference: f'"${names[reference]}"', quoted) or "''"


def _has_reference(word: Word) -> bool:
    return any(isinstance(part, Reference) for part in word)


def _is_in(reference: Reference, words: Iterable[Word]) -> bool:
    return any(reference in word for word in words)
