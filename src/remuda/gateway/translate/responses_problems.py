"""What stands against putting a request to the engine: all of it is found before one answer tells it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from remuda.gateway.envelope import echo
from remuda.gateway.shapes import Fault


class Problems:
    """Collects problems, in the order of the request."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def add(self, where: str, message: str) -> None:
        """Something is wrong at this place of the body, such as `input[2].role`."""
        self._found.append((where, message))

    def refuse(self, where: str, why: str) -> None:
        """What stands at this place cannot be given to the engine."""
        self.add(where, f"cannot use {echo(where)}: {why}")

    def refuse_others(self, where: str, members: Mapping[str, Any], known: Collection[str]) -> None:
        """Refuses each member that is not known, unless it says nothing: null, false or empty."""
        for name, value in members.items():
            if name not in known and value:
                self.refuse(f"{where}.{name}", "chat completions have nothing like it; leave it out")

    def fault(self) -> Fault | None:
        """The error to answer; None when there is no problem."""
        if not self._found:
            return None
        message = "; ".join(message for _, message in self._found)
        return Fault(HTTPStatus.BAD_REQUEST, message, "untranslatable_request", param=self._found[0][0])
