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
    FALLING_ASLEEP = "falling_asleep"
    ASLEEP = "asleep"
    WAKING = "waking"
    STOPPING = "stopping"


TRANSITIONS: Mapping[tuple[State, State], str] = MappingProxyType(
    {
        (State.STOPPED, State.STARTING): "start",
        (State.STOPPED, State.READY): "adopted",
        (State.STOPPED, State.ASLEEP): "adopted",
        (State.STARTING, State.READY): "ready",
        (State.STARTING, State.STOPPING): "unload, shutdown",
        (State.STARTING, State.STOPPED): "failed",
        (State.READY, State.DRAINING): "has to go",
        (State.READY, State.FALLING_ASLEEP): "sleep",
        (State.READY, State.STOPPING): "stop",
        (State.READY, State.STOPPED): "failed",
        (State.DRAINING, State.READY): "may stay",
        (State.DRAINING, State.FALLING_ASLEEP): "sleep",
        (State.DRAINING, State.STOPPING): "stop",
        (State.DRAINING, State.STOPPED): "failed",
        (State.FALLING_ASLEEP, State.ASLEEP): "asleep",
        (State.FALLING_ASLEEP, State.STOPPING): "cannot sleep, unload",
        (State.FALLING_ASLEEP, State.STOPPED): "failed",
        (State.ASLEEP, State.WAKING): "wake",
        (State.ASLEEP, State.STOPPING): "stop",
        (State.ASLEEP, State.STOPPED): "failed",
        (State.WAKING, State.READY): "ready",
        (State.WAKING, State.STOPPING): "unload, shutdown",
        (State.WAKING, State.STOPPED): "failed",
        (State.STOPPING, State.STOPPED): "stopped",
    }
)
"""Every legal change of state, with the label that the diagram gives it."""

COMING = frozenset({State.STARTING, State.WAKING})
"""It will be ready, and measures free memory or takes it meanwhile."""

RESTING = frozenset({State.FALLING_ASLEEP, State.ASLEEP})
"""It keeps a part of its memory, and serves nobody before it has been woken."""

GOING = frozenset({State.STOPPING, State.FALLING_ASLEEP})
"""Its memory, or most of it, is on its way back."""


def diagram() -> str:
    """The table as a Mermaid state diagram, without a final newline."""
    arrows = [f"    {old} --> {new}: {label}" for (old, new), label in TRANSITIONS.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.STOPPED}", *arrows])
