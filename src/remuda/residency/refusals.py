"""The sentences of residency's refusals: what a client reads when it is not served."""

from __future__ import annotations

from collections.abc import Mapping

from remuda.engines.contract import Failure

SHUTTING_DOWN = "remuda is shutting down"


def cannot_fit(model: str, claims: Mapping[str, int], excess: Mapping[str, int]) -> str:
    """The model needs more of a device than it may ever have; `excess` is what there is too much, in bytes."""
    devices = (f"{_size(claims[d])} of `{d}`, {_size(over)} more than its budget" for d, over in excess.items())
    return f"cannot load `{model}`: it needs {' and '.join(devices)}"


def load_failed(model: str, failure: Failure) -> str:
    """The instance ended before it could serve."""
    return f"cannot load `{model}`: {failure.message}"


def unloaded(model: str) -> str:
    """Somebody asked for the model to be unloaded while it was loading."""
    return f"`{model}` was unloaded while it was loading"


def _size(size_bytes: int) -> str:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if size_bytes >= 1024**power:
            return f"{size_bytes / 1024**power:.1f} {unit}"
    return f"{size_bytes} B"
