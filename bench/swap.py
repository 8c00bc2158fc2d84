"""What Remuda adds to a swap, beyond the time that the engines themselves take to stop and to start; run by hand.

Two models with room for one are asked in turn, through `remuda up --detach`. The engines are small programs of a known
start and stop, which are measured beside, without Remuda, in turn with the swaps. Bars: a swap takes at most 30 ms more
at the median, and an engine that has become ready gets the request that waits for it within 20 ms.

Readiness is the engine's own clock: from the first time that it would have answered 200 to the first byte of the
request. Its health is 503 for a while before, as with an engine that loads. The figures are those of a quiet machine or
none; a GPU, whose memory has to be seen to come back, adds what its driver takes.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

ROUNDS = 60
LOAD_S = 0.2
_ENGINE = [sys.executable, "-I", "-S", "-c"]

ENGINE = """
import signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
ready_at = time.monotonic() + float(sys.argv[2])
def answer(status, text):
    return b"HTTP/1.1 %d x\\r\\nconnection: close\\r\\ncontent-length: %d\\r\\n\\r\\n%s" % (status, len(text), text)
while True:
    client, _ = listener.accept()
    asked = client.recv(65536)
    now = time.monotonic()
    if asked.startswith(b"GET"):
        client.sendall(answer(200 if now >= ready_at else 503, b""))
    else:
        client.sendall(answer(200, b'{"noticed_s": %f}' % (now - ready_at)))
    client.close()
"""


def fleet(directory: Path) -> Path:
    """Two engines with room for one."""
    cmd = [*_ENGINE, ENGINE, "${PORT}", str(LOAD_S)]
    model = {"cmd": cmd, "ready": "/health", "memory": "100MiB"}
    whole = {
        "gateway": {"listen": "127.0.0.1:0"},
        "models": {"one": model, "two": model},
        "residency": {"budget": {"cpu": "150MiB"}, "min_residency": "0s"},
        "lint": {"model_ids": "off"},
    }
    file = directory / "remuda.yaml"
    file.write_text(json.dumps(whole))
    return file


def ask(address: str, model: str) -> tuple[float, float]:
    """Seconds to the whole answer, and from the engine's readiness to the arrival of the request there."""
    client = http.client.HTTPConnection(address, timeout=30)
    began = time.perf_counter()
    client.request("POST", "/v1/completions", json.dumps({"model": model, "prompt": "x"}))
    answer = json.load(client.getresponse())
    took_s = time.perf_counter() - began
    client.close()
    return took_s, float(answer["noticed_s"])


def alone() -> tuple[float, float]:
    """Seconds that the engine takes by itself from its start to its readiness, and from the signal to its end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    with subprocess.Popen([*_ENGINE, ENGINE, str(port), str(LOAD_S)]) as engine:
        while not is_healthy(port):
            time.sleep(0.0005)
        started_s = time.perf_counter() - began
        began = time.perf_counter()
        engine.send_signal(signal.SIGTERM)
        engine.wait()
        return started_s, time.perf_counter() - began


def is_healthy(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"GET /health HTTP/1.1\r\n\r\n")
            return b" 200 " in client.recv(100)
    except OSError:
        return False


def remuda(environment: Mapping[str, str], *words: str) -> str:
    argv = [sys.executable, "-m", "remuda", *words]
    return subprocess.run(argv, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def told(what: str, values_s: Sequence[float]) -> None:
    """A line: the median, the ninth decile and the worst, in milliseconds."""
    cuts = statistics.quantiles(values_s, n=10)
    figures = (statistics.median(values_s), cuts[-1], max(values_s))
    print(f"{what:40}" + "".join(f"{1000 * value:10.1f}" for value in figures), flush=True)


def main() -> None:
    """Measure, print."""
    with tempfile.TemporaryDirectory() as directory:
        homes = {f"XDG_{name}": f"{directory}/{name.lower()}" for name in ("RUNTIME_DIR", "STATE_HOME", "CACHE_HOME")}
        environment = {**os.environ, **homes}
        file = fleet(Path(directory))
        address = urlsplit(json.loads(remuda(environment, "up", "--detach", "--json", "-f", str(file)))["url"]).netloc
        try:
            ask(address, "two")
            rounds = [(ask(address, ("one", "two")[number % 2]), alone()) for number in range(ROUNDS)]
        finally:
            remuda(environment, "down", "-f", str(file))
    swaps_s = [took_s for (took_s, _), _ in rounds]
    alone_s = [start_s + stop_s for _, (start_s, stop_s) in rounds]
    usual_s = statistics.median(alone_s)
    print(f"{'ms':40}{'median':>10}{'p90':>10}{'worst':>10}")
    told("a swap", swaps_s)
    told("the engines' own stop and start", alone_s)
    told("a swap, less the median of those", [took_s - usual_s for took_s in swaps_s])
    told("readiness noticed after", [noticed_s for (_, noticed_s), _ in rounds])


if __name__ == "__main__":
    main()
