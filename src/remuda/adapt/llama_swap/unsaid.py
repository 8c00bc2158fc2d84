"""Keys that a fleet file has no counterpart for, and what Remuda does instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from remuda.adapt.llama_swap.section import Section

TOP: Final[Mapping[str, str]] = {
    "healthCheckTimeout": "Remuda waits as long as an engine shows that it is getting on",
    "unloadTimeout": "every engine has its own time to end",
    "logLevel": "`remuda logs` shows what engines write, and `gateway.access_log` what is asked",
    "logTimeFormat": "`gateway.access_log` has its own form of time",
    "logToStdout": "`remuda logs` shows what engines write",
    "logRequests": "write `gateway.access_log`",
    "metricsMaxInMemory": "`gateway.access_log` has a line for every request",
    "captureBuffer": "Remuda keeps no requests",
    "store": "Remuda keeps what it counts in its own directory",
    "ui": "Remuda groups no requests by session",
    "performance": "`remuda top` and `/metrics` read the devices when they are asked",
    "startPort": "a free port is taken at each start",
    "sendLoadingState": "a client that waits for a stream is sent comments, which no program takes for an answer",
    "includeAliasesInList": "aliases are listed with their model",
    "upstream": "a request below `/upstream/` loads the model, whatever its path",
}

MODEL: Final[Mapping[str, str]] = {
    "sendLoadingState": TOP["sendLoadingState"],
    "healthCheckTimeout": TOP["healthCheckTimeout"],
    "timeouts": "`gateway.limits` has `connect_timeout` and `first_byte_timeout`, for all models",
    "compat": "a websocket counts as a request",
}

PEER: Final[Mapping[str, str]] = {"timeouts": MODEL["timeouts"]}

SELECTOR: Final[Mapping[str, str]] = dict.fromkeys(
    ("name", "description", "unlisted", "metadata"), "a route has no words of its own"
)


def tell(section: Section, reasons: Mapping[str, str]) -> None:
    """A warning for each of the keys that is there."""
    for key, reason in reasons.items():
        found = section.raw(key)
        if found is not None:
            section.context.said.warn(found.key, f"{section.label(key)} is left out: {reason}", path=section.fleet_path)
