"""What the fleet file says about the treatment of a model's requests and responses."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Traits(msgspec.Struct, frozen=True):
    """One model. `headers`: fields that its server is sent, names in lower case.

    `tells_timings`: whether llama.cpp's `timings` are added to its responses. `drains`: whether a response is read to
    its end after the client has left, for an engine that does not bear to be interrupted. `paths`: what of it may be
    asked below `/upstream/`: paths, or beginnings that end in `/`; None where that is everything.
    """

    headers: Mapping[bytes, bytes] = {}
    tells_timings: bool = False
    drains: bool = False
    paths: tuple[bytes, ...] | None = None

    def allows(self, path: bytes) -> bool:
        """Whether the path, without a query, may be asked below `/upstream/`."""
        if self.paths is None:
            return True
        path = path.rstrip(b"/")
        return any(path == known or (known.endswith(b"/") and path.startswith(known)) for known in self.paths)


PLAIN = Traits()
