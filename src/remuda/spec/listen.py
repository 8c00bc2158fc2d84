"""The address that the gateway listens on: `HOST:PORT`, an IPv6 host in brackets."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from remuda.spec.form import FormError, shown

_ADDRESS: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})", re.ASCII)
_HOST_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*", re.ASCII)
_EXPECTED: Final = "write `127.0.0.1:8080`, or `[::1]:8080` for IPv6"
MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Listen:
    """`host` is an address or a name, without brackets; `port` 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return authority(self.host, self.port)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        address = _address(self.host)
        return self.host == "localhost" if address is None else address.is_loopback


def authority(host: str, port: int) -> str:
    """`host:port` as URLs have it: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_listen(value: object) -> Listen:
    """The address of `127.0.0.1:8080`, `[::1]:8080` or `name:8080`; raises `FormError`."""
    if isinstance(value, Listen):
        return value
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise FormError(f"must be `HOST:PORT`, not {shown(value)}", hint=_EXPECTED)
    host, port = match["v6"] if match["host"] is None else match["host"], int(match["port"])
    if port > MAX_PORT:
        raise FormError(f"has the port `{port}`: expected 0 to {MAX_PORT}")
    if host in ("", "*"):
        raise FormError("has no host", hint=f"write `127.0.0.1:{port}` for this machine only, `0.0.0.0:{port}` for all")
    is_v6 = match["v6"] is not None
    if not (_is_v6(host) if is_v6 else _is_v4_or_name(host)):
        raise FormError(f"has the host `{host}`: expected an IP address or a name", hint=_EXPECTED)
    return Listen(host, port)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_v6(host: str) -> bool:
    return isinstance(_address(host), ipaddress.IPv6Address)


def _is_v4_or_name(host: str) -> bool:
    looks_numeric = host.rpartition(".")[2].isdigit()
    return _address(host) is not None if looks_numeric else _HOST_NAME.fullmatch(host) is not None
