"""Ways to a server past residency: to the control API, and to an instance that is only looked at.

Such a request starts nothing, holds nothing and is nobody's use of a model.
"""

from __future__ import annotations

from collections.abc import Callable

from remuda.edge.http.seam import Endpoint, Waiter
from remuda.residency.commands import RefusalKind, Refuse


class Bypass:
    """Grants what is there at this moment; what is not is refused. `find` takes the name of a model."""

    def __init__(self, find: Callable[[str], Endpoint | None]) -> None:
        self._find = find

    def ask(self, request: int, model: str, waiter: Waiter, priority: int = 0) -> None:
        """Go there at once."""
        del priority
        endpoint = self._find(model)
        if endpoint is None:
            self.dropped(request, model, waiter)
        else:
            waiter.granted(endpoint)

    def end(self, request: int) -> None:
        """Nobody counts."""

    def abandon(self, request: int) -> None:
        """Nobody waits."""

    def dropped(self, request: int, model: str, waiter: Waiter) -> None:
        """There is nobody."""
        if model:
            message = f"`{model}` is not loaded, and a look at it does not load it"
            waiter.refused(Refuse(request, model, RefusalKind.NOT_LOADED, message))
        else:
            waiter.refused(Refuse(request, model, RefusalKind.SHUTTING_DOWN, "the daemon is ending"))
