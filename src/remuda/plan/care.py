"""How an instance is looked after while it lives, as far as the fleet file says.

Only `limits` decide what is started; nothing else here is a reason to start an instance anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from remuda.spec.defaults import COMMAND
from remuda.spec.merge import Effective
from remuda.spec.supervision import Hooks

HEALTH_TIMEOUT_S = 120.0
"""After how long without an answer and without a byte an engine has hung that answers health beside its work."""


@dataclass(frozen=True, slots=True)
class Care:
    """What the fleet file says of an instance's life.

    `hooks`: argv by name, references and placeholders not filled in; each may take `hook_timeout_s`. `memory_bytes`
    and `cpus` bound all its processes together. `health_timeout_s`: after how long without an answer and without a
    byte the instance has hung; None never says so.
    """

    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hook_timeout_s: float | None = 30.0
    memory_bytes: int | None = None
    cpus: float | None = None
    health_timeout_s: float | None = None


def care(model: Effective) -> Care:
    """How a model of a checked fleet is looked after.

    A program that we know nothing about (`command`) may do one thing at a time and answer nothing meanwhile, so it has
    hung only if the user says after how long.
    """
    entry = model.entry
    health_timeout_s = entry.health_timeout_s
    if "health_timeout_s" not in entry.model_fields_set:
        health_timeout_s = None if model.engine == COMMAND else HEALTH_TIMEOUT_S
    hooks = entry.hooks or Hooks()
    argvs = {name: argv for name, argv in hooks if name != "timeout_s" and argv is not None}
    return Care(
        hooks=argvs,
        hook_timeout_s=hooks.timeout_s,
        memory_bytes=entry.limits.memory if entry.limits else None,
        cpus=entry.limits.cpus if entry.limits else None,
        health_timeout_s=health_timeout_s,
    )
