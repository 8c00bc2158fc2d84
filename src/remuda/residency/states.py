"""The states of an instance, as a table.

Every change of state is looked up here, and the diagram of the documentation is drawn from the same table, so that
neither can drift from what the code does. There is no state `failed`: an instance that failed is stopped and remembers
why. This module does not know what causes a change; `remuda.residency.residency` does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class State(enum.StrEnum):
    """Where an instance is in its life; everything but `STOPPED` holds memory."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPING = "stopping"


TRANSITIONS: Mapping[tuple[State, State], str] = MappingProxyType(
    {
        (State.STOPPED, State.STARTING): "start",
        (State.STOPPED, State.READY): "adopted",
        (State.STARTING, State.READY): "ready",
        (State.STARTING, State.STOPPING): "unload, shutdown",
        (State.STARTING, State.STOPPED): "failed",
        (State.READY, State.DRAINING): "has to go",
        (State.READY, State.STOPPING): "stop",
        (State.READY, State.STOPPED): "failed",
        (State.DRAINING, State.READY): "may stay",
        (State.DRAINING, State.STOPPING): "stop",
        (State.DRAINING, State.STOPPED): "failed",
        (State.STOPPING, State.STOPPED): "stopped",
    }
)
"""Every legal change of state, with the label that the diagram gives it."""


def diagram() -> str:
    """The table as a Mermaid state diagram, without a final newline."""
    arrows = [f"    {old} --> {new}: {label}" for (old, new), label in TRANSITIONS.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.STOPPED}", *arrows])
