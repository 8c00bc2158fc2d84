"""What is sent at the end of a turn of the loop."""

import asyncio

from remuda.edge.http.outbox import Outbox


class Sender:
    def __init__(self, name: str, said: list[str]) -> None:
        self.name = name
        self.said = said

    def flush(self) -> None:
        self.said.append(self.name)


async def test_all_send_at_the_end_of_the_turn_in_their_order() -> None:
    said: list[str] = []
    outbox = Outbox(asyncio.get_running_loop())
    outbox.add(Sender("one", said))
    outbox.add(Sender("two", said))
    assert said == []
    await asyncio.sleep(0)
    assert said == ["one", "two"]


async def test_every_turn_has_its_own() -> None:
    said: list[str] = []
    outbox = Outbox(asyncio.get_running_loop())
    outbox.add(Sender("one", said))
    await asyncio.sleep(0)
    outbox.add(Sender("two", said))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert said == ["one", "two"]
