"""What the fleet file says about the treatment of a model's requests and responses."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Traits(msgspec.Struct, frozen=True):
    """One model. `headers`: fields that its server is sent, names in lower case.

    `tells_timings`: whether llama.cpp's `timings` are added to its responses. `drains`: whether a response is read to
    its end after the client has left, for an engine that does not bear to be interrupted.
    """

    headers: Mapping[bytes, bytes] = {}
    tells_timings: bool = False
    drains: bool = False


PLAIN = Traits()
