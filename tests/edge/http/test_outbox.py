"""What is sent at the end of a turn of the loop."""

import asyncio
from collections.abc import Callable

from remuda.edge.http.outbox import Outbox


class Wire:
    """Remembers what is sent; refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.outbox = Outbox(asyncio.get_running_loop())

    def to(self, name: str) -> Callable[[bytes], None]:
        return lambda data: self.sent.append((name, data))

    def refuse(self, data: bytes) -> None:
        raise RuntimeError(data.decode())


async def test_all_is_sent_at_the_end_of_the_turn_in_its_order() -> None:
    wire = Wire()
    one, two = wire.to("one"), wire.to("two")
    for write, data in ((one, b"a"), (two, b"b"), (one, b"c")):
        wire.outbox.add(write, data)
    assert wire.sent == []
    await asyncio.sleep(0)
    assert wire.sent == [("one", b"a"), ("two", b"b"), ("one", b"c")]


async def test_every_turn_has_its_own() -> None:
    wire = Wire()
    wire.outbox.add(wire.to("one"), b"a")
    await asyncio.sleep(0)
    wire.outbox.add(wire.to("two"), b"b")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.sent == [("one", b"a"), ("two", b"b")]


async def test_what_is_added_or_sent_while_sending_keeps_its_order() -> None:
    wire = Wire()
    one = wire.to("one")

    def answer(data: bytes) -> None:
        wire.sent.append(("two", data))
        wire.outbox.add(one, b"c")
        wire.outbox.send()

    wire.outbox.add(answer, b"a")
    wire.outbox.add(one, b"b")
    await asyncio.sleep(0)
    assert wire.sent == [("two", b"a"), ("one", b"b"), ("one", b"c")]


async def test_one_that_cannot_be_written_to_does_not_hold_up_the_others() -> None:
    wire, complaints = Wire(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    wire.outbox.add(wire.refuse, b"closed")
    wire.outbox.add(wire.to("two"), b"b")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.sent == [("two", b"b")]
    assert [str(complaint) for complaint in complaints] == ["closed"]


async def test_what_is_dropped_is_not_sent() -> None:
    wire = Wire()
    one, two = wire.to("one"), wire.to("two")
    for write, data in ((one, b"a"), (two, b"b"), (one, b"c")):
        wire.outbox.add(write, data)
    wire.outbox.drop(one)
    await asyncio.sleep(0)
    wire.outbox.add(one, b"d")
    await asyncio.sleep(0)
    assert wire.sent == [("two", b"b"), ("one", b"d")]
