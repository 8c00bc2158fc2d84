"""Users, groups and subordinate ids: `/etc/passwd`, `/etc/group`, `/etc/subuid` (passwd(5), group(5), subuid(5)).

Accounts that another service knows (LDAP, systemd-homed) are not in these files; they show as numbers.
"""

from __future__ import annotations

from collections.abc import Iterator


def names(table: str) -> dict[int, str]:
    """Names by number, of `/etc/passwd` or `/etc/group`."""
    rows = [line.split(":") for line in table.splitlines() if line.count(":") >= 2]  # noqa: PLR2004
    return {int(row[2]): row[0] for row in reversed(rows) if row[2].isdigit()}


def subordinate(table: str, uid: int, name: str) -> int:
    """How many subordinate ids a user has; their lines begin with the name or the number."""
    return sum(count for owner, count in _ranges(table) if owner in (name, str(uid)))


def _ranges(table: str) -> Iterator[tuple[str, int]]:
    for line in table.splitlines():
        owner, _, rest = line.strip().partition(":")
        count = rest.partition(":")[2]
        if count.isdigit():
            yield owner, int(count)
