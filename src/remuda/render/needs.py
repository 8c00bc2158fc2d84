"""What the gateway itself needs of the machine that it runs on: secrets, files, an address that does not change."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.errors import Problem
from remuda.render.paths import moved
from remuda.render.starting import word
from remuda.spec.document import Path
from remuda.spec.fleet import Fleet
from remuda.spec.reference import Reference


def references_of(fleet: Fleet) -> Iterator[tuple[Path, Reference]]:
    """Every reference in what the gateway goes by, with its place."""
    texts: list[tuple[Path, str]] = [
        (("gateway", "keys", number, "secret"), key.secret) for number, key in enumerate(fleet.gateway.keys)
    ]
    for model_id, entry in fleet.models.items():
        if entry.enabled:
            fields = entry.upstream_headers.items()
            texts += [(("models", model_id, "upstream_headers", name), text) for name, text in fields]
    for path, text in texts:
        yield from ((path, part) for part in word(text) if isinstance(part, Reference))


def files_of(fleet: Fleet) -> Iterator[tuple[Path, str]]:
    """Files of the machine that the gateway reads or writes itself."""
    gateway = fleet.gateway
    if gateway.tls:
        yield ("gateway", "tls", "cert"), gateway.tls.cert
        yield ("gateway", "tls", "key"), gateway.tls.key
    if gateway.access_log not in (None, "-"):
        yield ("gateway", "access_log"), gateway.access_log or ""


def problems(fleet: Fleet) -> Iterator[Problem]:
    """An address and files that mean nothing certain once the gateway is a service."""
    if fleet.gateway.port == 0:
        message = "`gateway.listen` has port 0, which is another one at every start"
        yield Problem(message, path=("gateway", "listen"), hint="write a port")
    for path, file in files_of(fleet):
        if not file.startswith("/"):
            yield moved(path, file)
