"""The order of an instance that is started from files: what a render target hands to the engine's own module.

Remuda makes its own orders when it starts something (`remuda.daemon.launcher`), with secrets and a port that are known
then. Here is what stands for both in files, and where an engine is found and listens inside of a container.
"""

from __future__ import annotations

from dataclasses import dataclass

from remuda.engines.contract import Order
from remuda.plan.container import ANYWHERE, program
from remuda.render.values import Values
from remuda.spec.merge import Effective

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance runs and listens. `program`: the argv prefix that runs its engine there."""

    program: tuple[str, ...]
    host: str
    port: int


def inside(model: Effective, port: int) -> Place:
    """The place in a container; with the host's network that is the host, where only loopback is meant."""
    host = LOOPBACK if model.entry.network == "host" else ANYWHERE
    return Place(program(model.engine, model.executable), host, port)


def order(model: Effective, place: Place, values: Values) -> Order:
    """What starts a model of a checked fleet there, with these values of its settings, environment and command."""
    entry = model.entry
    return Order(
        model_id=model.model_id,
        program=place.program,
        host=place.host,
        port=place.port,
        model=entry.model,
        served_name=entry.served_name,
        settings=values.settings,
        environment=values.environment,
        cmd=values.cmd or None,
        ready="" if entry.ready is False else entry.ready,
        sleep=entry.sleep if model.runtime == "systemd" else None,  # in other units nobody would wake it
    )
