"""Turns references to secrets into the secrets, at the moment an instance starts and nowhere else.

`${env:NAME}` is read from the daemon's environment, `${file:path}` from a file (relative to the fleet file) or from the
credential as which a unit hands it over, and `${cred:name}` from systemd's credentials directory. Trailing newlines of
files are dropped. Values never reach a message of ours: an error names the reference only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from remuda.errors import EffectError
from remuda.spec.reference import Placeholder, Reference, file_credential, fill

MAX_FILE_BYTES = 1024 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Resolver:
    """Resolves the references of one fleet file; `directory` is where that file lies.

    `placeholders` are filled in by the same pass, so that a secret's value is never read as one.
    """

    def __init__(
        self, directory: Path, environment: Mapping[str, str], placeholders: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory
        self._environment = environment
        self._placeholders = placeholders or {}

    def text(self, text: str) -> str:
        """The text with every reference replaced; raises EffectError for one that leads nowhere."""
        return fill(text, self._value)

    def tree(self, value: Any) -> Any:
        """The same for every string inside of lists and mappings."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.tree(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(item) for item in value]
        return value

    def _value(self, reference: Reference | Placeholder) -> str:
        if isinstance(reference, Placeholder):
            return self._placeholders.get(reference.name, str(reference))
        match reference.kind:
            case "env":
                return self._variable(reference)
            case "file":
                return self._read(
                    reference, self._handed(reference) or self._directory / Path(reference.name).expanduser()
                )
            case "cred":
                return self._credential(reference)

    def _variable(self, reference: Reference) -> str:
        try:
            return self._environment[reference.name]
        except KeyError:
            message = f"cannot resolve `{reference}`: the variable is not set in the daemon's environment"
            raise EffectError(message, hint=f"export {reference.name} before `remuda up`") from None

    def _handed(self, reference: Reference) -> Path | None:
        """The credential as which a unit hands the file over, which we may not be allowed to read ourselves."""
        directory = self._environment.get("CREDENTIALS_DIRECTORY")
        handed = None if directory is None else Path(directory) / file_credential(reference.name)
        return handed if handed is not None and handed.exists() else None

    def _credential(self, reference: Reference) -> str:
        directory = self._environment.get("CREDENTIALS_DIRECTORY")
        if directory is None:
            message = f"cannot resolve `{reference}`: there is no credentials directory"
            raise EffectError(message, hint=f"add LoadCredential={reference.name}:… to the unit that runs remuda")
        return self._read(reference, Path(directory) / reference.name)

    def _read(self, reference: Reference, path: Path) -> str:
        try:
            with path.open(encoding="utf-8") as file:
                return file.read(MAX_FILE_BYTES).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            message = f"cannot resolve `{reference}`: {reason}"
            raise EffectError(message, hint=f"see that `{path}` exists and can be read") from error


def read_environment_file(path: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Variables of an environment file, read as podman and docker do: `NAME=value`, taken literally, quotes included.

    A bare `NAME` takes its value from `inherited`, if it is there. Raises EffectError.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"cannot read the environment file `{path}`: {reason}"
        raise EffectError(message) from error
    variables: dict[str, str] = {}
    for name, value in _variables(lines):
        if value is not None:
            variables[name] = value
        elif name in inherited:
            variables[name] = inherited[name]
    return variables


def variable_names(directory: Path, file: str) -> tuple[str, ...]:
    """The names that an environment file gives values, in its order; none if it is not here, or cannot be read.

    What has not the form of a name is left out: it could be the rest of a secret that has several lines.
    """
    path = directory / os.path.expanduser(file)  # noqa: PTH111  pathlib's raises for a user that is not here
    try:
        if not path.is_file():
            return ()
        with path.open(encoding="utf-8", errors="replace") as opened:
            lines = opened.read(MAX_FILE_BYTES).splitlines()
    except OSError:
        return ()
    return tuple(name for name, value in _variables(lines) if value is not None and _NAME.fullmatch(name))


def _variables(lines: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Each variable of an environment file with its value, None for a bare name."""
    for line in lines:
        name, equals, value = line.partition("=")
        name = name.strip()
        if name and not name.startswith("#"):
            yield name, value if equals else None
