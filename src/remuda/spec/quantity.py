"""Amounts with a unit: bytes and durations, from text and back.

Sums are exact (decimal arithmetic), fractions of a byte are rounded. A unit is required, except for whole bytes and for
a duration of `0`: `ttl: 15` could mean seconds or minutes, `22G` could be either of two gigabytes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from remuda.spec.form import FormError, shown

_BYTE_UNITS: Final = {
    "B": 1,
    **{prefix + "iB": 2 ** (10 * power) for power, prefix in enumerate("KMGT", 1)},
    **{prefix + "B": 10 ** (3 * power) for power, prefix in enumerate("kMGT", 1)},
    "KB": 1000,
}
_BYTES: Final = re.compile(r"(\d{1,20}(?:\.\d{1,9})?) ?([A-Za-z]+)")
_SECONDS: Final = {"d": Decimal(86400), "h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_DURATION: Final = re.compile(
    "".join(rf"(?:(?P<{unit}>\d{{1,9}}(?:\.\d{{1,9}})?){unit}(?![a-z]))? ?" for unit in _SECONDS).removesuffix(" ?")
)


def parse_bytes(value: object) -> int:
    """Bytes from `22GiB`, `1.5 GB`, or a whole number of bytes; raises `FormError`."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (match := _BYTES.fullmatch(value.strip())):
        number, unit = match.groups()
        if unit in _BYTE_UNITS:
            return int((Decimal(number) * _BYTE_UNITS[unit]).to_integral_value())
        raise FormError(
            f"has the unit `{unit}`: expected B, KiB, MiB, GiB, TiB, kB, MB, GB or TB", hint=_byte_hint(unit)
        )
    raise FormError(f"must be an amount of memory, not {shown(value)}", hint="write a number with a unit: `22GiB`")


def _byte_hint(unit: str) -> str | None:
    letter = unit[0].upper()
    return f"write `{letter}iB` (powers of 1024) or `{letter}B` (powers of 1000)" if letter in "KMGT" else None


def format_bytes(count: int) -> str:
    """Bytes for people: `22 GiB`, `38.2 GiB`, `512 B`."""
    power = min(max(count.bit_length() - 1, 0) // 10, 4)
    number = f"{Decimal(count) / 2 ** (10 * power):.1f}".removesuffix(".0")
    return f"{number} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


def parse_duration(value: object) -> float | None:
    """Seconds from `15m`, `1h30m`, `500ms` or `0`; None from `never`; raises `FormError`."""
    if value == "never":
        return None
    if value in ("0", 0) and not isinstance(value, bool):
        return 0.0
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())) and any(match.groups()):
        return float(sum(Decimal(match[unit] or 0) * seconds for unit, seconds in _SECONDS.items()))
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        raise FormError(f"has no unit: {shown(value)}", hint=f"write `{value}s` for seconds, `{value}m` for minutes")
    raise FormError(f"must be a duration, not {shown(value)}", hint="write `15m`, `90s`, `1h30m`, `0` or `never`")


def format_duration(seconds: float | None) -> str:
    """A duration as the fleet file writes it: `15m`, `1h30m`, `500ms`, `never`; to the millisecond."""
    if seconds is None:
        return "never"
    rest = round(Decimal(seconds) * 1000)
    parts = []
    for unit, length in _SECONDS.items():
        count, rest = divmod(rest, round(length * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0"
