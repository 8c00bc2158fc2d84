"""What a decision of residency costs: a request to a ready model, and a swap among 200 models on 8 devices.

Prints one line per case, the least, the median and the worst of many decisions in microseconds of processor time. The
bars are a median of 20 µs for a ready model and of 1 ms for everything else. Exits with 1 if one is missed. No engine
runs here, and nothing is judged but the time.
"""

from __future__ import annotations

import gc
import statistics
import sys
from time import process_time

from remuda.residency.commands import Start, Stop
from remuda.residency.events import (
    Event,
    InstanceReady,
    InstanceStopped,
    RequestArrived,
    RequestEnded,
)
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency

MODELS = 200
DEVICES = 8
ROOM_PER_DEVICE = 12
DECISIONS = 2_000
CLIENTS = 10
BAR_US = 1_000.0
READY_BAR_US = 20.0


def fleet() -> Policy:
    """Models that claim one device or two neighbouring ones; about half of them fit at a time."""
    residents = {}
    for number in range(MODELS):
        home = number % DEVICES
        devices = {home, (home + 1) % DEVICES} if number % 10 == 0 else {home}
        model = f"model-{number}"
        residents[model] = Resident(model, {f"cuda{device}": 1 for device in devices}, ttl_s=3600.0)
    return Policy(residents, {f"cuda{device}": ROOM_PER_DEVICE for device in range(DEVICES)})


class World:
    """Engines that start and stop at once; keeps the time that each decision took."""

    def __init__(self) -> None:
        self.residency = Residency(fleet())
        self.now = 0.0
        self.took_s: dict[str, list[float]] = {}

    def tell(self, case: str, event: Event) -> None:
        """Measure one decision, then carry it out."""
        self.now += 1.0
        begin = process_time()
        commands = self.residency.handle(event, self.now)
        self.took_s.setdefault(case, []).append(process_time() - begin)
        for command in commands:
            if isinstance(command, Start):
                self.tell("ready after a start", InstanceReady(command.model, command.attempt))
            elif isinstance(command, Stop):
                self.tell("stopped, next starts", InstanceStopped(command.model, command.attempt))

    def ask(self, case: str, request: int, model: str) -> None:
        """One request from its arrival to its end."""
        self.tell(f"{case}: arrives", RequestArrived(request, model))
        self.tell(f"{case}: ends", RequestEnded(request))


def queue_up(world: World, case: str, first_request: int, clients: int = 1) -> None:
    """Every model is asked for and no request ends, so that in the end half of the fleet waits for the other half."""
    requests = range(first_request, first_request + clients * MODELS)
    for request in requests:
        world.tell(f"{case}: arrives", RequestArrived(request, f"model-{request % MODELS}"))
    for request in requests:
        world.tell(f"{case}: ends", RequestEnded(request))


def measure() -> World:
    """Go through all cases."""
    world = World()
    for request in range(MODELS):
        world.ask("filling", request, f"model-{request}")
    gc.freeze()
    for request in range(MODELS, MODELS + DECISIONS):
        world.ask("ready model", request, f"model-{MODELS - 1}")
    for request in range(MODELS + DECISIONS, MODELS + 2 * DECISIONS):
        world.ask("swap", request, f"model-{request * 7 % MODELS}")
    queue_up(world, "all busy", first_request=10_000)
    queue_up(world, "many wait for each", first_request=20_000, clients=CLIENTS)
    return world


def main() -> None:
    """Measure and print."""
    missed = False
    for case, took_s in measure().took_s.items():
        took_us = [took * 1e6 for took in took_s]
        median_us = statistics.median(took_us)
        bar_us = READY_BAR_US if case.startswith("ready model") else BAR_US
        missed = missed or median_us > bar_us
        figures = f"least {min(took_us):8.1f} µs   median {median_us:8.1f} µs   worst {max(took_us):8.1f} µs"
        print(f"{case:28} {figures}{'   MISSED' if median_us > bar_us else ''}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
