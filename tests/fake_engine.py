"""A fake engine: a real program that speaks the OpenAI API, and streams, stalls, dies and lies when told to.

Tests start it as `[sys.executable, "tests/fake_engine.py", "--port", PORT, …]`; it needs nothing but the standard
library. It is for what a real engine does not do on demand. It prints one line `listening on HOST:PORT` to stdout when
its port is open (`--port 0` picks one), and `ready` when it would answer a request.

On the command line:

    --host HOST, --port PORT     where to listen (127.0.0.1, 0)
    --model NAME                 its served name (`fake`); a request for another name is answered 404
    --any-model                  answer for every name, as llama-server does
    --tokens N, --rate R         how long an answer is (8) and how many tokens it gives a second (0: at once)
    --load-seconds S             503 on every path for so long
    --late-bind                  do not even listen while loading (as vLLM)
    --fail KIND                  log what such an engine logs and end, after `--load-seconds`:
                                 oom flag weights port exit0 segv sigill hang (hang: never gets ready)
    --health STATUS              what /health answers once loaded (200)
    --ignore-sigterm             only SIGKILL ends it
    --drain                      on SIGTERM refuse new connections and go on with the open streams
    --hang-on-stop               on SIGTERM fall silent, and end when the clients of open streams have left (as vLLM)
    --children N                 start N processes that ignore SIGTERM and outlive it; logs `child PID`
    serve MODEL, --served-model-name NAME
                                 as vLLM's command line has them; the weights are not looked at
    --enable-sleep-mode          with VLLM_SERVER_DEV_MODE=1 in its environment, sleep as vLLM does (below)
    --sleepless KIND             fail hang die: what it does instead of falling asleep
    --wakeless KIND              fail hang die: what it does instead of waking

In a request body, an object `fake` (each key may be left out):

    tokens, rate                 as above, for this request (`max_tokens` counts too)
    delay_seconds                wait before the first byte
    status                       answer this status with an error body
    stall_after                  after so many tokens of a stream, send nothing more until the client leaves
    die_after                    after so many tokens of a stream, end by SIGKILL
    cut_after                    after so many tokens of a stream, close the connection without its end
    garbage                      answer with bytes that are no HTTP
    echo                         answer with the head and the body that arrived, as `/echo` does
    body_bytes                   answer with so many bytes of `x`, with a content-length

Paths: GET /health, GET /v1/models, POST /v1/{chat/completions,completions,embeddings}; any method on /echo (JSON:
method, target, headers as pairs, body as latin-1 text), GET /stats (JSON: pid, requests, open, cancelled, connections).
Asleep as vLLM is: POST /sleep?level=N, /wake_up (with ?tags=weights and ?tags=kv_cache), /collective_rpc with
`reload_weights`, /reset_prefix_cache; GET /is_sleeping. /health is fine all along, and a request hangs until all is
awake. With requests in flight it does not survive being put to sleep; woken from level 2 without its weights reloaded
in time, it answers `!` for every word. GET /calls lists what of these was asked, in order.

A stream's texts are `w0 w1 …`, and every answer has a header `x-fake-engine: NAME PID`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

FAILURES = {
    "oom": ("allocating 21504.00 MiB on device 0: cudaMalloc failed: out of memory", 1),
    "flag": ("error: invalid argument: --no-such-flag", 1),
    "weights": (
        "gguf_init_from_file: failed to open GGUF file '/models/missing.gguf' (No such file or directory)",
        1,
    ),
    "port": ("error: [Errno 98] Address already in use", 1),
    "exit0": ("EngineCore died, shutting down", 0),
}
SIGNALS = {"segv": signal.SIGSEGV, "sigill": signal.SIGILL}
POLL_S = 0.01
SLEEPING = frozenset({"/sleep", "/wake_up", "/is_sleeping", "/collective_rpc", "/reset_prefix_cache"})
REFUSALS = ("fail", "hang", "die")


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        """The body's JSON object; empty when it is none."""
        try:
            fields = json.loads(self.body)
        except ValueError:
            return {}
        return fields if isinstance(fields, dict) else {}

    def echo(self) -> dict[str, Any]:
        """The request as an answer."""
        return {
            "method": self.method,
            "target": self.target,
            "headers": self.headers,
            "body": self.body.decode("latin-1"),
        }


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection, None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *rest = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    return Request(method, target, headers, await read_body(reader, {name.lower(): value for name, value in headers}))


async def read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """A body by its content-length or in chunks."""
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return body


class Sleep:
    """What of the engine sleeps, and what was asked to change that."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.asleep: set[str] = set()
        self.is_empty = False
        self.awake = asyncio.Event()
        self.awake.set()

    def fall(self, level: str) -> None:
        self.asleep = {"weights", "kv_cache"}
        self.is_empty = level == "2"
        self.awake.clear()

    def wake(self, tags: set[str]) -> None:
        self.asleep -= tags or self.asleep.copy()
        if not self.asleep:
            self.awake.set()

    def reload(self) -> None:
        self.is_empty &= "weights" in self.asleep


class FakeEngine:
    """The server: `run` until it is stopped or dies."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.loaded = False
        self.silent = asyncio.Event()
        self.stopping = asyncio.Event()
        self.sleep = Sleep()
        self.counts = {"requests": 0, "open": 0, "cancelled": 0, "connections": 0}

    async def run(self) -> None:
        """Load, serve, stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.on_stop_signal)
        if self.options.late_bind:
            await self.load()
        server = await asyncio.start_server(self.serve, self.options.host, self.options.port)
        port = server.sockets[0].getsockname()[1]
        print(f"listening on {self.options.host}:{port}", flush=True)
        if not self.options.late_bind:
            await self.load()
        print("ready", flush=True)
        await self.stopping.wait()
        server.close()
        while (self.options.drain or self.options.hang_on_stop) and self.counts["open"]:
            await asyncio.sleep(POLL_S)

    async def load(self) -> None:
        """Take the time that loading takes, or fail."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), self.options.load_seconds)
            sys.exit(0)
        if self.options.fail == "hang":
            await self.stopping.wait()
        elif self.options.fail in SIGNALS:
            os.kill(os.getpid(), SIGNALS[self.options.fail])
        elif self.options.fail:
            line, status = FAILURES[self.options.fail]
            print(line, file=sys.stderr, flush=True)
            os._exit(status)
        self.loaded = True

    def on_stop_signal(self) -> None:
        """SIGTERM or SIGINT, as the options have it."""
        if self.options.ignore_sigterm:
            print("ignoring the signal", flush=True)
            return
        if self.options.hang_on_stop:
            self.silent.set()
        self.stopping.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests one after another."""
        self.counts["connections"] += 1
        try:
            while request := await read_request(reader):
                await Exchange(self, request, reader, writer).answer()
        except ConnectionError:
            pass
        finally:
            writer.close()


class Exchange:
    """One request and its answer."""

    def __init__(
        self, engine: FakeEngine, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.engine = engine
        self.options = engine.options
        self.request = request
        self.reader = reader
        self.writer = writer
        self.fields = request.fields
        self.knobs: dict[str, Any] = self.fields.get("fake") or {}

    async def answer(self) -> None:
        """Answer the request as its path and its knobs say."""
        path = self.request.target.partition("?")[0]
        if path == "/stats":
            return await self.send(self.engine.counts | {"pid": os.getpid()})
        if not self.engine.loaded:
            return await self.send_error(503, "Loading model")
        if path == "/health":
            return await self.send({"status": "ok"}, self.options.health)
        if path == "/v1/models":
            return await self.send({"object": "list", "data": [{"id": self.options.model, "object": "model"}]})
        if path == "/calls":
            return await self.send({"calls": self.engine.sleep.calls})
        if path in SLEEPING and self.options.enable_sleep_mode and os.environ.get("VLLM_SERVER_DEV_MODE") == "1":
            return await self.change_sleep(path)
        if path == "/echo":
            return await self.send(self.request.echo())
        if path not in {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}:
            return await self.send_error(404, f"no such path: {path}")
        self.engine.counts["requests"] += 1
        self.engine.counts["open"] += 1
        try:
            return await self.generate(path)
        finally:
            self.engine.counts["open"] -= 1

    async def change_sleep(self, path: str) -> None:
        """Fall asleep, wake, or tell."""
        sleep, query = self.engine.sleep, self.request.target.partition("?")[2]
        if path == "/is_sleeping":
            return await self.send({"is_sleeping": bool(sleep.asleep)})
        sleep.calls.append(self.request.target)
        if how := {"/sleep": self.options.sleepless, "/wake_up": self.options.wakeless}.get(path):
            return await self.refuse(how)
        if path == "/sleep":
            if self.engine.counts["open"]:
                os.kill(os.getpid(), signal.SIGSEGV)
            sleep.fall(query.removeprefix("level="))
        elif path == "/wake_up":
            sleep.wake({query.removeprefix("tags=")} - {""})
        elif path == "/collective_rpc" and self.fields == {"method": "reload_weights"}:
            sleep.reload()
        return await self.send({})

    async def refuse(self, how: str) -> None:
        """Not do what was asked, in one of three ways."""
        if how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        while how == "hang" and not self.gone():
            await asyncio.sleep(POLL_S)
        await self.send_error(500, "as you asked")

    async def generate(self, path: str) -> None:
        """One of the model's answers."""
        await self.engine.sleep.awake.wait()
        await asyncio.sleep(self.knobs.get("delay_seconds", 0))
        if not self.options.any_model and self.fields.get("model") != self.options.model:
            return await self.send_error(404, f"The model `{self.fields.get('model')}` does not exist.")
        if "status" in self.knobs:
            return await self.send_error(self.knobs["status"], "as you asked")
        if self.knobs.get("garbage"):
            self.writer.write(b"\x00\x01 no HTTP at all\r\n\r\n")
            return self.writer.close()
        if self.knobs.get("echo"):
            return await self.send(self.request.echo())
        if "body_bytes" in self.knobs:
            return await self.send_bytes(b"x" * self.knobs["body_bytes"])
        if path == "/v1/embeddings":
            return await self.send(self.embeddings())
        if self.fields.get("stream"):
            return await self.stream(chat=path == "/v1/chat/completions")
        return await self.send(await self.completion(chat=path == "/v1/chat/completions"))

    def embeddings(self) -> dict[str, Any]:
        """A vector for each input."""
        texts = self.fields.get("input", "")
        count = len(texts) if isinstance(texts, list) else 1
        vectors = [{"object": "embedding", "index": index, "embedding": [0.5, -0.25, 1.0]} for index in range(count)]
        return {"object": "list", "model": self.options.model, "data": vectors, "usage": self.usage(0)}

    async def completion(self, *, chat: bool) -> dict[str, Any]:
        """A whole answer."""
        text = " ".join([word async for word in self.words()])
        choice = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        return self.envelope(chat=chat, choice=choice | {"finish_reason": "stop"}) | {
            "usage": self.usage(len(text.split()))
        }

    async def stream(self, *, chat: bool) -> None:
        """An answer as server-sent events, in chunks."""
        self.write_head(200, "text/event-stream", "transfer-encoding: chunked")
        count = 0
        async for word in self.words():
            await self.misbehave(count)
            if self.gone():
                self.engine.counts["cancelled"] += 1
                raise ConnectionResetError
            text = word if count == 0 else f" {word}"
            await self.write_event(chat=chat, text=text, finish=None)
            count += 1
        await self.misbehave(count)
        await self.write_event(chat=chat, text="", finish="stop")
        if (self.fields.get("stream_options") or {}).get("include_usage"):
            closing = self.envelope(chat=chat, choice={}, chunk=True) | {"choices": [], "usage": self.usage(count)}
            await self.write_chunk(f"data: {json.dumps(closing)}\n\n".encode())
        await self.write_chunk(b"data: [DONE]\n\n")
        await self.write_chunk(b"")

    async def words(self) -> AsyncIterator[str]:
        """The answer's words, at the rate that was asked for."""
        rate = self.knobs.get("rate", self.options.rate)
        for index in range(self.knobs.get("tokens", self.fields.get("max_tokens") or self.options.tokens)):
            if rate:
                await asyncio.sleep(1 / rate)
            yield "!" if self.engine.sleep.is_empty else f"w{index}"

    async def misbehave(self, sent: int) -> None:
        """Stall, die or cut, when that many tokens have been sent."""
        if sent == self.knobs.get("die_after"):
            os.kill(os.getpid(), signal.SIGKILL)
        if sent == self.knobs.get("cut_after"):
            self.writer.close()
            raise ConnectionResetError
        if sent == self.knobs.get("stall_after") or self.engine.silent.is_set():
            while not self.gone():
                await asyncio.sleep(POLL_S)

    def gone(self) -> bool:
        """Whether the client has left."""
        return self.reader.at_eof() or self.writer.is_closing()

    def envelope(self, *, chat: bool, choice: dict[str, Any], chunk: bool = False) -> dict[str, Any]:
        """What is around every answer."""
        kind = ("chat.completion.chunk" if chunk else "chat.completion") if chat else "text_completion"
        return {
            "id": "fake-1",
            "object": kind,
            "created": 1,
            "model": self.options.model,
            "choices": [{"index": 0, **choice}],
        }

    def usage(self, count: int) -> dict[str, int]:
        """Token counts."""
        return {"prompt_tokens": 1, "completion_tokens": count, "total_tokens": 1 + count}

    async def write_event(self, *, chat: bool, text: str, finish: str | None) -> None:
        """One event of a stream."""
        delta: dict[str, Any] = {"delta": {"content": text} if text else {}} if chat else {"text": text}
        event = self.envelope(chat=chat, choice=delta | {"finish_reason": finish}, chunk=True)
        await self.write_chunk(f"data: {json.dumps(event)}\n\n".encode())

    async def write_chunk(self, data: bytes) -> None:
        """One chunk of a body; an empty one ends it."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    def write_head(self, status: int, content_type: str, *lines: str) -> None:
        """Status line and headers."""
        head = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"content-type: {content_type}",
            f"x-fake-engine: {self.options.model} {os.getpid()}",
            *lines,
        ]
        self.writer.write(("\r\n".join(head) + "\r\n\r\n").encode())

    async def send(self, body: Mapping[str, Any], status: int = 200) -> None:
        """A whole JSON answer."""
        await self.send_bytes(json.dumps(body).encode(), status, "application/json")

    async def send_error(self, status: int, message: str) -> None:
        """An error in OpenAI's shape."""
        await self.send({"error": {"message": message, "type": "fake_error", "code": status}}, status)

    async def send_bytes(self, body: bytes, status: int = 200, content_type: str = "text/plain") -> None:
        """A whole answer."""
        self.write_head(status, content_type, f"content-length: {len(body)}")
        self.writer.write(body)
        await self.writer.drain()


def start_children(count: int) -> None:
    """Processes that ignore SIGTERM, keep our output open, and end by themselves after a while."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    for _ in range(count):
        print(f"child {subprocess.Popen([sys.executable, '-c', code]).pid}", flush=True)


def read_options(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description="see the module's docstring")
    parser.add_argument("verb", nargs="*")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", "--served-model-name", default="fake")
    parser.add_argument("--sleepless", choices=REFUSALS)
    parser.add_argument("--wakeless", choices=REFUSALS)
    parser.add_argument("--tokens", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--load-seconds", type=float, default=0.0)
    parser.add_argument("--fail", choices=[*FAILURES, *SIGNALS, "hang"])
    parser.add_argument("--health", type=int, default=200)
    parser.add_argument("--children", type=int, default=0)
    for switch in ("enable-sleep-mode", "any-model", "late-bind", "ignore-sigterm", "drain", "hang-on-stop"):
        parser.add_argument(f"--{switch}", action="store_true")
    return parser.parse_args(arguments)


def main() -> None:
    """Run until stopped; 0 after a stop signal."""
    options = read_options(sys.argv[1:])
    start_children(options.children)
    asyncio.run(FakeEngine(options).run())
    sys.stdout.flush()
    # The rest of a connection's tasks is nobody's any more: a real engine ends at once too.
    os._exit(0)


if __name__ == "__main__":
    main()
