"""The ports that a service publishes, in both of compose's forms.

Source: the Compose specification, services.ports; docker's nat.ParsePortSpec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from remuda.adapt.compose.tree import Report, Value

_SHORT: Final = re.compile(
    r"(?:(?P<host>\[[0-9a-fA-F:.]*\]|[^:]*):)?(?:(?P<published>[0-9-]*):)?(?P<target>[0-9]+(?:-[0-9]+)?)"
    r"(?:/(?P<protocol>[a-z]+))?"
)
_ALONE: Final = re.compile(r"(?:(?P<published>[0-9]+):)?(?P<target>[0-9]+)(?:/(?P<protocol>[a-z]+))?")


@dataclass(frozen=True, slots=True)
class Published:
    """A port inside, and the one on the host that leads there: None for any that is free. `host` is an address."""

    target: int
    published: int | None
    host: str | None


def published(service: Value, report: Report) -> Iterator[Published]:
    """The ports of a service that carry TCP; ranges are left out, since an engine has one port."""
    for port in service.get("ports").items:
        if found := _long(port) if port.pairs else _short(port):
            yield found
        elif not port.text.endswith("/udp"):
            shown = port.text or "a range"
            report.warn(port, f"the port `{shown}` is left out: expected one port, as `8000:8000`")


def _short(port: Value) -> Published | None:
    match = _ALONE.fullmatch(port.text) or _SHORT.fullmatch(port.text)
    if match is None:
        return None
    said = match.groupdict()
    host = (said.get("host") or "").strip("[]") or None
    return _of(said["target"], said["published"] or "", said["protocol"] or "tcp", host)


def _long(port: Value) -> Published | None:
    target, outside, protocol, host = (port.get(key).text for key in ("target", "published", "protocol", "host_ip"))
    return _of(target, outside, protocol or "tcp", host or None)


def _of(target: str, outside: str, protocol: str, host: str | None) -> Published | None:
    if protocol != "tcp" or not re.fullmatch(r"\d{1,5}", target) or not re.fullmatch(r"\d{0,5}", outside):
        return None
    return Published(int(target), int(outside) if outside else None, host)
