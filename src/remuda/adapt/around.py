"""What compose files and units keep beside a container, as a model has it: sizes, limits and health checks.

Only texts are read; what has another form is None, and said by whoever knows where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.engines import ENGINES, llama_cpp
from remuda.engines.contract import Launch, Order
from remuda.errors import SpecError
from remuda.plan.container import SHARING, SHM_BYTES
from remuda.spec.form import FormError
from remuda.spec.gateway import Gateway
from remuda.spec.quantity import parse_bytes

_IN_IMAGES: Final = {llama_cpp.NAME: {"LLAMA_CACHE": "/root/.cache/llama.cpp"}}
"""Variables with the value that a program takes in its project's image without them."""

_SIZE: Final = re.compile(r"(\d{1,20})([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_CPUS: Final = re.compile(r"(?=.*[1-9])\d{1,6}(\.\d{1,9})?")
_URL: Final = re.compile(r"https?://[^/\s'\"]+(/[^\s'\"|;)]*)?")


def size(text: str) -> int | str | None:
    """Docker's and podman's `16g` in the units of the fleet file; both count in steps of 1024."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    unit = match[2].upper()
    if unit not in ("", "B"):
        return f"{match[1]}{unit}iB"
    size_bytes = int(match[1])
    return f"{size_bytes >> 30}GiB" if size_bytes and size_bytes % 2**30 == 0 else size_bytes


def cpus(text: str) -> float | None:
    """A number of processors."""
    return float(text) if _CPUS.fullmatch(text) else None


def without_given(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A model's entry without what its engine is given anyhow, so that only decisions are left."""
    engine = entry["engine"]
    settings, environment = dict(entry.get("settings", {})), dict(entry.get("environment", {}))
    try:
        given = {**_launched(engine, {}).environment, **_IN_IMAGES.get(engine, {})}
        redundant = [key for key, value in settings.items() if value is True and _is_given(engine, key)]
    except SpecError:
        return dict(entry)
    kept: dict[str, Any] = {
        **entry,
        "settings": {key: value for key, value in settings.items() if key not in redundant},
        "environment": {name: value for name, value in environment.items() if given.get(name) != value},
    }
    if engine in SHARING and _bytes(entry.get("shm_size")) == SHM_BYTES:
        del kept["shm_size"]
    return {key: kept[key] for key in entry if key in kept and kept[key] != {}}


def _is_given(engine: str, key: str) -> bool:
    return _launched(engine, {key: True}) == _launched(engine, {})


def _launched(engine: str, settings: Mapping[str, Any]) -> Launch:
    return ENGINES[engine].launch(Order("m", ("p",), "h", 1, "m", settings=settings, cmd=("p",)))


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


@dataclass(slots=True)
class Ports:
    """The ports that models have on the host so far; the gateway's own is not free either."""

    _taken: set[int] = field(default_factory=lambda: {Gateway().port})

    def settle(self, entry: dict[str, Any]) -> str | None:
        """Take a port that is not free out of an entry, unless its program has that port itself; a note of it."""
        port = entry.get("port")
        is_own = "cmd" in entry and not any("${PORT}" in word for word in entry["cmd"])
        if port is None or is_own:
            return None
        if port in self._taken:
            del entry["port"]
            return f"on port {port} there, which is taken here"
        self._taken.add(port)
        return None
