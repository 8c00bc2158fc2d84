"""What the gateway costs: its own CPU time for each small request and each chunk of a stream, and the latency it adds.

    python bench/gateway.py [--seconds S]

Three processes: an engine that does next to nothing, the gateway with an admission that always grants, and this one,
which asks. The figure to look at is the gateway process's CPU time: requests per second mostly tell how fast the load
is made. `own` is what of it was spent outside of the kernel; in a virtual machine, the rest depends on whether the
other processes slept, because to wake one is dear there. The gateway has one core for itself. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httptools
import psutil
import uvloop

from remuda.edge.http.seam import Endpoint, Waiter
from remuda.edge.http.server import GatewayServer
from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, make_directory

CONNECTIONS = 32
STREAMS = 64
CHUNKS_PER_S = 100
EVENT = b'data: {"id":"%b","choices":[{"index":0,"delta":{"content":" word"}}]}\n\n' % (b"x" * 100)
EVENT_CHUNK = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
SMALL = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nserver: x\r\ncontent-length: 300\r\n\r\n" + b"x" * 300
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Engine(asyncio.Protocol):
    """Answers 300 bytes at once, or a stream of events on a clock."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        TICKING.discard(self)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if b'"stream":true' in self.body:
            self.transport.write(STREAM)
            TICKING.add(self)
        else:
            self.transport.write(SMALL)
        self.body = b""


TICKING: set[Engine] = set()


def tick(at: float) -> None:
    """Send an event on every open stream."""
    for engine in tuple(TICKING):
        engine.transport.write(EVENT_CHUNK)
    asyncio.get_running_loop().call_at(at + 1 / CHUNKS_PER_S, tick, at + 1 / CHUNKS_PER_S)


async def run_engine() -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Engine, "127.0.0.1", 0)
    tick(loop.time())
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


class Always:
    """An admission that grants at once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def ask(self, request: int, model: str, waiter: Waiter) -> None:
        del request, model
        waiter.granted(self.endpoint)

    dropped = ask

    def end(self, request: int) -> None:
        del request

    abandon = end


async def run_gateway(port: int) -> None:
    """Serve until killed."""
    gateway = Gateway(make_directory([Listing("tiny", "tiny", "bench")]))
    server = await GatewayServer.bind("127.0.0.1", 0, gateway, Always(Endpoint("127.0.0.1", port)))
    await server.accept()
    print(server.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def request(*, stream: bool) -> bytes:
    """A request as an SDK sends it: ten fields, 1 kB of JSON."""
    body = json.dumps({"model": "tiny", "stream": stream, "messages": [{"role": "user", "content": "x" * 900}]})
    body = body.replace(": ", ":")
    fields = {
        "host": "127.0.0.1:8080",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "authorization": "Bearer sk-0123456789abcdef0123456789abcdef",
        "content-type": "application/json",
        "user-agent": "OpenAI/Python 1.99.0",
        "x-stainless-lang": "python",
        "x-stainless-os": "Linux",
        "x-stainless-runtime": "CPython",
        "content-length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n{body}".encode()


@dataclass
class Tally:
    """What came back."""

    count: int = 0
    latencies_s: list[float] = field(default_factory=list)
    is_over: bool = False


class Asker(asyncio.Protocol):
    """Asks, and asks again as soon as it is answered; of a stream it counts the events."""

    def __init__(self, tally: Tally, payload: bytes, *, stream: bool) -> None:
        self.tally = tally
        self.payload = payload
        self.stream = stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpResponseParser(self)
        self.ask()

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.transport.write(self.payload)

    def data_received(self, data: bytes) -> None:
        if self.stream:
            self.tally.count += data.count(b"data: ")
        else:
            self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.tally.count += 1
        self.tally.latencies_s.append(time.perf_counter() - self.asked)
        if not self.tally.is_over:
            self.ask()


@dataclass(frozen=True)
class Result:
    """One measurement: events a second, median latency, CPU of the gateway for each."""

    rate: float
    p50_us: float
    cpu_us: float
    own_us: float


@dataclass(frozen=True)
class Usage:
    """CPU time of a process so far: all of it, and what was not the kernel's."""

    cpu_s: float = 0.0
    own_s: float = 0.0


async def measure(port: int, connections: int, seconds: float, usage: Callable[[], Usage], *, stream: bool) -> Result:
    """Keep so many connections busy for so long."""
    loop = asyncio.get_running_loop()
    tally, payload = Tally(), request(stream=stream)
    transports = [
        (await loop.create_connection(lambda: Asker(tally, payload, stream=stream), "127.0.0.1", port))[0]
        for _ in range(connections)
    ]
    await asyncio.sleep(0.5)
    count, before, began = tally.count, usage(), time.perf_counter()
    tally.latencies_s.clear()
    await asyncio.sleep(seconds)
    count, after, took_s = tally.count - count, usage(), time.perf_counter() - began
    tally.is_over = True
    for transport in transports:
        transport.abort()
    p50_us = statistics.median(tally.latencies_s) * 1e6 if tally.latencies_s else float("nan")
    each_us = 1e6 / count
    return Result(
        count / took_s, p50_us, (after.cpu_s - before.cpu_s) * each_us, (after.own_s - before.own_s) * each_us
    )


def usage_of(pid: int) -> Callable[[], Usage]:
    """Reads the CPU time that a process has used."""
    process = psutil.Process(pid)
    path = Path(f"/proc/{pid}/schedstat")
    return lambda: Usage(int(path.read_text().split()[0]) / 1e9, process.cpu_times().user)


async def start(*arguments: str) -> tuple[asyncio.subprocess.Process, int]:
    """Start one of the other processes; it says its port."""
    process = await asyncio.create_subprocess_exec(sys.executable, __file__, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, int(await process.stdout.readline())


async def compare(seconds: float) -> None:
    """Print the table."""
    engine, engine_port = await start("--role", "engine")
    gateway, gateway_port = await start("--role", "gateway", "--port", str(engine_port))
    first, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(gateway.pid, {first})
        for pid in (0, engine.pid):
            os.sched_setaffinity(pid, others)
    rows = [("through", gateway_port, usage_of(gateway.pid)), ("direct", engine_port, Usage)]
    print(f"{'':8} {'what':26} {'per second':>10} {'p50 µs':>8} {'CPU µs each':>12} {'own':>6}")
    for what, connections, stream in (
        ("small request, 1 conn.", 1, False),
        (f"small request, {CONNECTIONS} conn.", CONNECTIONS, False),
        (f"chunk, {STREAMS} streams", STREAMS, True),
    ):
        for name, port, usage in rows:
            result = await measure(port, connections, seconds, usage, stream=stream)
            costs = f"{result.cpu_us:12.1f} {result.own_us:6.1f}"
            print(f"{name:8} {what:26} {result.rate:10.0f} {result.p50_us:8.0f} {costs}", flush=True)
    for process in (gateway, engine):
        process.send_signal(signal.SIGKILL)
        await process.wait()


def main() -> None:
    """One of the three processes."""
    parser = argparse.ArgumentParser(description="see the module's docstring")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--role", choices=("engine", "gateway"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "engine":
        uvloop.run(run_engine())
    elif options.role == "gateway":
        uvloop.run(run_gateway(options.port))
    else:
        uvloop.run(compare(options.seconds))


if __name__ == "__main__":
    main()
