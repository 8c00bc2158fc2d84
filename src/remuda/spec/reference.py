"""References in text: `${env:NAME}`, `${file:path}`, `${cred:name}`, and the placeholders `${PORT}`, `${MODEL_ID}`.

A text is parsed into parts here; the values come from outside (`fill`), and only when an instance starts, so that no
secret is ever in a parsed fleet. `$$` is a dollar sign; a `$` before anything but `{` and `$` is itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from remuda.spec.form import FormError
from remuda.spec.nearest import nearest

_TOKEN: Final = re.compile(r"\$\$|\$\{([^{}$]*)(\}?)")
_FORMS: Final = {
    "env": (re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "the name of an environment variable", "${env:NAME}"),
    "file": (re.compile(r"[^\s].*[^\s]|[^\s]"), "a path", "${file:/path/to/file}"),
    "cred": (re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*"), "the name of a systemd credential", "${cred:name}"),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Names a secret: the environment variable, the file or the systemd credential that holds it."""

    kind: Literal["env", "file", "cred"]
    name: str

    def __str__(self) -> str:
        return f"${{{self.kind}:{self.name}}}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Stands for what is known only when an instance starts."""

    name: Literal["PORT", "MODEL_ID"]

    def __str__(self) -> str:
        return f"${{{self.name}}}"


Part = str | Reference | Placeholder


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a text, neighbouring text joined; raises `FormError` at the first `${…}` of another form."""
    parts: list[Part] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts += [text[end : match.start()], "$" if match[0] == "$$" else _inner(match)]
        end = match.end()
    return _joined([*parts, text[end:]])


def fill(text: str, value_of: Callable[[Reference | Placeholder], str]) -> str:
    """The text with every reference and placeholder replaced; raises `FormError` as `parse` does."""
    return "".join(part if isinstance(part, str) else value_of(part) for part in parse(text))


def literal(text: str) -> str:
    """The text that `parse` reads as this one and nothing else."""
    return text.replace("$", "$$") if "$$" in text or "${" in text else text


def as_reference(text: str) -> Reference | None:
    """The reference, if the text is one and nothing else."""
    parts = parse(text)
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Reference) else None


def file_credential(path: str) -> str:
    """The credential as which a unit is handed a file: named after its path, so that all who name it share one."""
    stem = re.sub(r"[^A-Za-z0-9.-]+", "-", path.rpartition("/")[2]).strip("-.") or "file"
    return f"remuda-{stem[:64]}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def _inner(match: re.Match[str]) -> Reference | Placeholder:
    inner, closed = match.groups()
    if not closed:
        raise FormError("has a `${` without its `}`", hint="write `$${` for a literal `${`", offset=match.start())
    match inner.partition(":"):
        case ["PORT" | "MODEL_ID" as name, "", ""]:
            return Placeholder(name)
        case ["env" | "file" | "cred" as kind, ":", name]:
            form, what, example = _FORMS[kind]
            if not form.fullmatch(name):
                message = f"has `${{{inner}}}`: expected {what} after `{kind}:`"
                raise FormError(message, hint=f"write `{example}`", offset=match.start())
            return Reference(kind, name)
    message = f"has `${{{inner}}}`: expected `${{env:NAME}}`, `${{file:path}}` or `${{cred:name}}`"
    raise FormError(message, hint=_meant(inner), offset=match.start())


def _meant(inner: str) -> str:
    if placeholder := nearest(inner, ("PORT", "MODEL_ID")):
        return f"write `${{{placeholder}}}`"
    return f"write `${{env:{inner}}}`" if _FORMS["env"][0].fullmatch(inner) else "write `$${` for a literal `${`"


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)
