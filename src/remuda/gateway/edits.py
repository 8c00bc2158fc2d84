"""Changes to a request's JSON on the way: another `model`, members removed, members set.

One pass over the top level; every value that is not changed keeps its bytes, so that nothing is lost in numbers or
texts that this program reads differently than the engine does. Of a key that comes twice the last one stays.
"""

from __future__ import annotations

import msgspec

from remuda.gateway.routes import Edits

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def edit(body: bytes | bytearray, model: str | None, edits: Edits) -> bytes:
    """A JSON object with this `model` (None: the one it has) after the edits. Raises msgspec.DecodeError."""
    members: dict[str, object] = dict(_MEMBERS.decode(body))
    for name in edits.strip:
        members.pop(name, None)
    for name, value in edits.set.items():
        members[name] = msgspec.Raw(value)
    if model is not None:
        members["model"] = model
    return msgspec.json.encode(members)
