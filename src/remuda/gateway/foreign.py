"""Requests that a web page of somebody else's makes through the user's browser.

A gateway without keys listens on loopback only, but every page that the user opens can send requests there. So where a
request could change or read what is the user's own, it must have been made for this address: a page of another origin
says so in `Origin`, and a name that was rebound to 127.0.0.1 (DNS rebinding) stands in `Host`.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from remuda.gateway.head import RequestHead


def is_foreign(head: RequestHead) -> bool:
    """Whether the request may have been made by a page that is not ours."""
    host = head.noted.get(b"host", b"").decode("latin-1")
    origin = head.noted.get(b"origin")
    return not _is_own_name(host) or (origin is not None and _netloc(origin.decode("latin-1")) != host)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_own_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or bool(ipaddress.ip_address(name))
    except ValueError:
        return False
