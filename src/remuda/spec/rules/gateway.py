"""Who may reach the gateway, and with what; and that nobody else has its port."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.form import FormError, label
from remuda.spec.gateway import Gateway
from remuda.spec.listen import Listen, parse_listen
from remuda.spec.reference import as_reference
from remuda.spec.rules.entries import entries

_KEYS = ("gateway", "keys")
_LISTEN = ("gateway", "listen")
_WITH_MODELS = ("127.0.0.1", "localhost", "0.0.0.0", "::")  # noqa: S104
"""Hosts on which a port is taken from the models, which listen on 127.0.0.1."""


def open_to_others(document: Document) -> Iterator[Problem]:
    """An address that other machines reach, without keys: everybody there could use the GPUs."""
    listen = _listen(document)
    if listen and not listen.is_loopback and not document.find(_KEYS):
        message = f"{label(_LISTEN)} is `{listen}`, which other machines reach, but there are no `keys`"
        hint = f"add `keys:` to `gateway`, or listen on `127.0.0.1:{listen.port}`"
        yield document.problem(_LISTEN, message, hint=hint)


def port(document: Document) -> Iterator[Problem]:
    """A model that is to have the gateway's port."""
    listen = _listen(document)
    for entry in entries(document) if listen and listen.host in _WITH_MODELS else ():
        if listen and entry.is_enabled and entry.keys.get("port") == listen.port:
            path = (*entry.path, "port")
            message = f"model `{entry.model_id}` has the port of the gateway, which listens on `{listen}`"
            yield document.problem(path, message, hint="change one of them, or remove `port`: a free one is taken then")


def _listen(document: Document) -> Listen | None:
    """Where the gateway listens; None for what is no address."""
    given = document.find(_LISTEN)
    try:
        return Gateway().listen if given is None else parse_listen(given)
    except FormError:
        return None


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
