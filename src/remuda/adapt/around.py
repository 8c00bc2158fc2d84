"""What compose files and units keep beside a container, as a model has it: sizes, limits and health checks.

Only texts are read; what has another form is None, and said by whoever knows where it was written.
"""

from __future__ import annotations

import re
from typing import Any, Final

from remuda.engines import ENGINES
from remuda.engines.contract import Order
from remuda.plan.container import SHARING, SHM_BYTES
from remuda.spec.form import FormError
from remuda.spec.quantity import parse_bytes

_SIZE: Final = re.compile(r"(\d+)([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_CPUS: Final = re.compile(r"(?=.*[1-9])\d{1,6}(\.\d{1,9})?")
_URL: Final = re.compile(r"https?://[^/\s'\"]+(/[^\s'\"|;)]*)?")


def size(text: str) -> int | str | None:
    """Docker's and podman's `16g` in the units of the fleet file; both count in steps of 1024."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    unit = match[2].upper()
    return int(match[1]) if unit in ("", "B") else f"{match[1]}{unit}iB"


def cpus(text: str) -> float | None:
    """A number of processors."""
    return float(text) if _CPUS.fullmatch(text) else None


def is_default_shm(entry: dict[str, Any]) -> bool:
    """Whether a model's shared memory is what its engine's container has anyhow."""
    return entry["engine"] in SHARING and _bytes(entry.get("shm_size")) == SHM_BYTES


def health_path(text: str) -> str | None:
    """The path that a health check asks for; None if it asks for no address."""
    found = _URL.search(text)
    return (found[1] or "/") if found else None


def own_health_path(engine: str) -> str | None:
    """The path that Remuda asks an engine for."""
    return ENGINES[engine].readiness(Order("", ("",), "", 1, cmd=("",))).path


def _bytes(text: object) -> int | None:
    try:
        return parse_bytes(text)
    except FormError:
        return None
