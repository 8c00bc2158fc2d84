"""The sentences of residency's refusals: what a client reads when it is not served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remuda.engines.contract import Failure
from remuda.residency.events import Foreign

SHUTTING_DOWN = "remuda is shutting down"


def cannot_fit(model: str, claims: Mapping[str, int], excess: Mapping[str, int]) -> str:
    """The model needs more of a device than it may ever have; `excess` is what there is too much, in bytes."""
    devices = (f"{_size(claims[d])} of `{d}`, {_size(over)} more than its budget" for d, over in excess.items())
    return f"cannot load `{model}`: it needs {' and '.join(devices)}"


def load_failed(model: str, failure: Failure, evicted: Sequence[str] = ()) -> str:
    """The instance ended before it could serve; `evicted` were stopped for it and are started again."""
    again = f"; {_named(evicted)}, stopped to make room for it, will be started again" if evicted else ""
    return f"cannot load `{model}`: {failure.message}{again}"


def backing_off(model: str, failure: Failure, failures: int, retry_after_s: float) -> str:
    """It has failed lately, and it is too early to try again."""
    return (
        f"cannot load `{model}` yet: {failure.message}; "
        f"it has failed {failures} times and may be tried again in {retry_after_s:.0f} s"
    )


def given_up(model: str, failure: Failure, failures: int) -> str:
    """It is not tried again before something is changed."""
    often = f" (failed {failures} times)" if failures > 1 else ""
    return f"cannot load `{model}`: {failure.message}{often}; correct it and run `remuda load {model}`"


def lent(model: str, device: str, to: str) -> str:
    """One of its devices is somebody else's for now."""
    return f"cannot load `{model}`: `{device}` has been lent to {to}"


def crowded_out(model: str, device: str, lacking_bytes: float, foreign: Foreign) -> str:
    """Programs that are not ours leave too little of a device."""
    by = f"`{foreign.by}` and others" if foreign.by else "other programs"
    lacking, used = _size(int(lacking_bytes)), _size(foreign.used_bytes)
    return f"cannot load `{model}`: {lacking} of `{device}` are lacking, because {by} use {used} of it"


def held(model: str, holders: Sequence[str]) -> str:
    """Instances that nobody can make go are in its way."""
    are = "is" if len(holders) == 1 else "are"
    return f"cannot load `{model}`: {_named(holders)} {are} in its way and may not be evicted"


def removed(model: str) -> str:
    """The fleet has it no longer."""
    return f"`{model}` is not in the fleet any more"


def unloaded(model: str) -> str:
    """Somebody asked for the model to be unloaded while it was loading."""
    return f"`{model}` was unloaded while it was loading"


def _size(size_bytes: int) -> str:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if size_bytes >= 1024**power:
            return f"{size_bytes / 1024**power:.1f} {unit}"
    return f"{size_bytes} B"


def _named(models: Sequence[str]) -> str:
    quoted = [f"`{model}`" for model in models]
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]
