import asyncio
import os
import signal
from pathlib import Path

from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.instances import Instances
from remuda.edge.http.seam import Endpoint
from remuda.residency.commands import RefusalKind, Refuse
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.daemon.fleet_of_fakes import fake, launcher, places


class Client:
    """A waiter that remembers how it went."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[Endpoint | Refuse] = asyncio.get_running_loop().create_future()

    def granted(self, endpoint: Endpoint) -> None:
        self.outcome.set_result(endpoint)

    def refused(self, refusal: Refuse) -> None:
        self.outcome.set_result(refusal)


def wired(directory: Path, *models: str, ttl_s: float | None = None) -> tuple[Dispatcher, Instances, Residency]:
    """A dispatcher over fake engines of which only one fits."""
    policy = Policy({model: Resident(model, {"cpu": 1}, ttl_s) for model in models}, {"cpu": 1})
    residency = Residency(policy)
    dispatcher = Dispatcher(residency)
    engines = {model: fake(model_id=model) for model in models}
    instances = Instances(
        engines, launcher(directory), places(directory), emit=dispatcher.emit, reporter=lambda _: None
    )
    dispatcher.attach(instances)
    return dispatcher, instances, residency


async def test_a_request_is_granted_once_its_engine_is_up_and_at_once_while_it_is(tmp_path: Path) -> None:
    dispatcher, _, _ = wired(tmp_path, "a")
    first, second = Client(), Client()
    dispatcher.ask(1, "a", first)
    assert isinstance(await first.outcome, Endpoint)
    dispatcher.ask(2, "a", second)
    assert second.outcome.done()
    dispatcher.end(1)
    dispatcher.end(2)
    await dispatcher.shut_down(5)


async def test_asking_for_another_model_swaps(tmp_path: Path) -> None:
    dispatcher, _, _ = wired(tmp_path, "a", "b")
    endpoints = []
    for number, model in enumerate(("a", "b", "a"), 1):
        client = Client()
        dispatcher.ask(number, model, client)
        endpoints.append(await client.outcome)
        dispatcher.end(number)
    assert len({endpoint for endpoint in endpoints if isinstance(endpoint, Endpoint)}) == 3
    await dispatcher.shut_down(5)


async def test_an_idle_model_is_stopped_when_its_time_has_come(tmp_path: Path) -> None:
    dispatcher, _, residency = wired(tmp_path, "a", ttl_s=0.1)
    client = Client()
    dispatcher.ask(1, "a", client)
    await client.outcome
    dispatcher.end(1)
    async with asyncio.timeout(10):
        while not residency.is_stopped:
            await asyncio.sleep(0.01)


async def test_a_shutdown_waits_for_requests_but_not_for_ever(tmp_path: Path) -> None:
    dispatcher, _, _ = wired(tmp_path, "a", "b")
    served, waiting = Client(), Client()
    dispatcher.ask(1, "a", served)
    await served.outcome
    dispatcher.ask(2, "b", waiting)
    began = dispatcher.now()
    await dispatcher.shut_down(0.2)
    assert 0.2 <= dispatcher.now() - began < 5
    refusal = await waiting.outcome
    assert isinstance(refusal, Refuse)
    assert refusal.kind is RefusalKind.SHUTTING_DOWN


async def test_numbers_for_others_never_meet_the_gateways(tmp_path: Path) -> None:
    dispatcher, _, _ = wired(tmp_path, "a")
    assert [dispatcher.next_number() for _ in range(3)] == [-1, -2, -3]


async def test_a_request_that_found_its_engine_gone_gets_the_next_one(tmp_path: Path) -> None:
    dispatcher, instances, _ = wired(tmp_path, "a")
    first, second = Client(), Client()
    dispatcher.ask(1, "a", first)
    endpoint = await first.outcome
    os.kill(instances.pid("a") or 0, signal.SIGKILL)
    dispatcher.dropped(1, "a", second)
    successor = await second.outcome
    assert isinstance(endpoint, Endpoint)
    assert isinstance(successor, Endpoint)
    assert successor is not endpoint
    dispatcher.end(1)
    await dispatcher.shut_down(5)


async def test_a_client_that_leaves_while_its_engine_is_looked_into_loads_nothing(tmp_path: Path) -> None:
    dispatcher, _, _ = wired(tmp_path, "a")
    first, second = Client(), Client()
    dispatcher.ask(1, "a", first)
    await first.outcome
    dispatcher.dropped(1, "a", second)
    dispatcher.abandon(1)
    await dispatcher.shut_down(5)
    assert not second.outcome.done()


async def test_a_request_for_a_model_that_a_reload_has_removed_is_refused(tmp_path: Path) -> None:
    dispatcher, instances, _ = wired(tmp_path, "a", "b")
    instances.replace({"a": instances.planned["a"]})
    client = Client()
    dispatcher.ask(1, "b", client)
    refusal = await client.outcome
    assert isinstance(refusal, Refuse)
    assert (refusal.kind, refusal.message) == (RefusalKind.REMOVED, "`b` is not in the fleet any more")
    assert (dispatcher.state("b"), dispatcher.is_ready("b"), dispatcher.load("b")) == ("stopped", False, 0)
