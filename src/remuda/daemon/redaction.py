"""Reads the logs of engines, which may print the secrets that they were given, without these.

What an engine writes to its log is its own, and stays there as it is; whoever reads it through the daemon sees
`[redacted]` for each value that a reference of its instance stands for. The values are resolved anew for each reading,
so that those of a daemon before are known as well, and kept, so that one that was changed meanwhile is still hidden.

Not hidden: values of fewer than six characters, which are words of any log, what an engine prints in another form (in
base64, as JSON with escapes), and what an environment file holds. The secrets of units of systemd are not resolved by
the daemon but by systemd, so that nothing is known of them here.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from remuda.edge import engine_log
from remuda.edge.secrets import Resolver
from remuda.errors import EffectError
from remuda.plan.plan import Instance
from remuda.spec.reference import Reference, parse

_FEWEST_CHARACTERS: Final = 6
_MARK: Final = "[redacted]"


class Secrets:
    """The secrets of a fleet's instances, by model; references are relative to `directory`."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._resolver = Resolver(directory, environment)
        self._known: defaultdict[str, set[str]] = defaultdict(set)

    def learn(self, instance: Instance) -> frozenset[str]:
        """The values that the instance's references stand for now or stood for before; of a unit's, none."""
        known = self._known[instance.model_id]
        if instance.unit is None:
            known |= {value for value in self._values(instance) if len(value) >= _FEWEST_CHARACTERS}
        return frozenset(known)

    def tail(self, instance: Instance, log: Path, lines: int) -> list[str]:
        """The last lines of a log of the instance; empty when there is none yet."""
        pattern = _pattern(self.learn(instance))
        return engine_log.tail(log, lines, lambda text: pattern.sub(_MARK, text))

    def follower(self, instance: Instance, log: Path) -> Follower:
        """Whoever reads what is appended to a log of the instance."""
        return Follower(log, self.learn(instance))

    def _values(self, instance: Instance) -> Iterator[str]:
        for text in _texts([instance.settings, instance.environment, instance.cmd, instance.care.hooks]):
            for part in parse(text):
                if isinstance(part, Reference):
                    with contextlib.suppress(EffectError):  # a start says so; nothing can print what is not there
                        yield self._resolver.text(str(part))


class Follower:
    """Reads what is appended to a log, and keeps back what may be the beginning of a secret until more has come."""

    def __init__(self, log: Path, secrets: frozenset[str]) -> None:
        self._follower = engine_log.Follower(log)
        self._secrets = [secret.encode() for secret in secrets]
        self._pattern = re.compile(_pattern(secrets).pattern.encode())
        self._rest = b""

    def read(self) -> Iterator[bytes]:
        """Whatever came since the last call."""
        for chunk in self._follower.read():
            text = self._pattern.sub(_MARK.encode(), self._rest + chunk)
            end = len(text) - max((_begun(text, secret) for secret in self._secrets), default=0)
            self._rest = text[end:]
            yield text[:end]


def _begun(text: bytes, secret: bytes) -> int:
    """How many of the secret's first bytes the text ends by."""
    return next((size for size in range(min(len(secret) - 1, len(text)), 0, -1) if text.endswith(secret[:size])), 0)


def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    """Matches any of them, the longest first, since one may be the beginning of another; nothing if there is none."""
    return re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))) or r"(?!)")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
