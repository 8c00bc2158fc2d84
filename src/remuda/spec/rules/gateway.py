"""Who may reach the gateway, and with what."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.form import FormError, label
from remuda.spec.listen import parse_listen
from remuda.spec.reference import as_reference

_KEYS = ("gateway", "keys")


def open_to_others(document: Document) -> Iterator[Problem]:
    """An address that other machines reach, without keys: everybody there could use the GPUs."""
    path = ("gateway", "listen")
    try:
        listen = parse_listen(document.find(path))
    except FormError:
        return
    if not listen.is_loopback and not document.find(_KEYS):
        message = f"{label(path)} is `{listen}`, which other machines reach, but there are no `keys`"
        hint = f"add `keys:` to `gateway`, or listen on `127.0.0.1:{listen.port}`"
        yield document.problem(path, message, hint=hint)


def secrets(document: Document) -> Iterator[Problem]:
    """A secret that is not a reference. The message must not repeat it: it could be the real one."""
    keys = document.find(_KEYS)
    for index, key in enumerate(keys if isinstance(keys, list) else ()):
        secret = key.get("secret") if isinstance(key, dict) else None
        path = (*_KEYS, index, "secret")
        if isinstance(secret, str) and not _is_reference(secret):
            message = f"{label(path)} must be a reference and nothing else, never the secret itself"
            hint = "write `${file:/path/to/key}`, `${env:NAME}` or `${cred:name}`"
            yield document.problem(path, message, hint=hint)


def _is_reference(text: str) -> bool:
    try:
        return as_reference(text) is not None
    except FormError:
        return False


def key_names(document: Document) -> Iterator[Problem]:
    """Two keys with one name."""
    keys = document.find(_KEYS)
    first: dict[str, int] = {}
    for index, key in enumerate(keys if isinstance(keys, list) else ()):
        name = key.get("name") if isinstance(key, dict) else None
        if isinstance(name, str) and first.setdefault(name, index) != index:
            message = f"{label((*_KEYS, index, 'name'))} is the name of {label((*_KEYS, first[name]))} too: `{name}`"
            yield document.problem((*_KEYS, index, "name"), message, hint="rename one of the two")
