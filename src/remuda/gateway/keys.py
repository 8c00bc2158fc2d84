"""API keys: who may ask, and for which names.

Only digests are kept and compared, every one of them in constant time, so that neither memory nor timing tells a key.
With no keys at all the gateway is open; that this happens on a loopback address only is the fleet file's rule.
"""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from remuda.gateway.quota import Quota


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key may do beside asking models: `is_admin` opens the control paths. `priority`: higher goes first."""

    is_admin: bool = False
    quota: Quota | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name for people, the SHA-256 of its secret, and what it may ask for (None: everything)."""

    name: str
    digest: bytes = field(repr=False)
    models: re.Pattern[str] | None = None
    scope: Scope = Scope()

    def allows(self, name: str) -> bool:
        """Whether one of the key's patterns matches the name."""
        return self.models is None or self.models.fullmatch(name) is not None


OPEN = Key("", b"", scope=Scope(is_admin=True))
"""Whoever asks when there are no keys."""


def make_key(name: str, secret: str, globs: Iterable[str] = ("*",), scope: Scope = Scope()) -> Key:
    """A key from its secret; `*`, `?` and `[…]` in the globs, upper and lower case told apart."""
    patterns = sorted(set(globs))
    compiled = None if "*" in patterns else re.compile("|".join(fnmatch.translate(glob) for glob in patterns) or "(?!)")
    return Key(name, _digest(secret.encode()), compiled, scope)


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of a gateway."""

    keys: tuple[Key, ...] = ()

    def find(self, secret: bytes | None) -> Key | None:
        """The key with this secret; `OPEN` when there are no keys, None when there are and none fits."""
        if not self.keys:
            return OPEN
        if secret is None:
            return None
        digest = _digest(secret)
        found = None
        for key in self.keys:
            # Every key is compared, so that the time taken does not tell which one fits.
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


NO_KEYS = Keyring()
"""The gateway is open."""


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
