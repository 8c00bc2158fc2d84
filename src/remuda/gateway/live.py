"""What the gateway may know of the instances at the moment of a decision."""

from __future__ import annotations

from typing import Protocol


class Live(Protocol):
    """The state of models now. Everything is a look-up: it is asked for on the way of a request."""

    def state(self, model: str) -> str:
        """The model's state, as in `remuda.residency.states.State`, such as `stopped` or `ready`."""
        ...

    def is_ready(self, model: str) -> bool:
        """Whether a request for the model would be granted without a start."""
        ...

    def load(self, model: str) -> int:
        """How many requests are being served by the model or wait for it."""
        ...

    def memory_bytes(self, model: str) -> int:
        """What the model's instance may use of all its devices together; 0 when nobody knows."""
        ...

    def expires_at(self, model: str) -> float | None:
        """When the model's instance will be stopped if nobody asks for it, in seconds since 1970; None: never."""
        ...

    def is_ending(self) -> bool:
        """Whether the daemon is shutting down."""
        ...


class Nothing:
    """No instance at all: what is true before the daemon has any."""

    def state(self, model: str) -> str:
        """Nothing runs."""
        del model
        return "stopped"

    def is_ready(self, model: str) -> bool:
        """Nothing is ready."""
        del model
        return False

    def load(self, model: str) -> int:
        """Nobody waits."""
        del model
        return 0

    def memory_bytes(self, model: str) -> int:
        """Nothing is used."""
        del model
        return 0

    def expires_at(self, model: str) -> float | None:
        """There is nothing to stop."""
        del model
        return None

    def is_ending(self) -> bool:
        """It never ends."""
        return False
