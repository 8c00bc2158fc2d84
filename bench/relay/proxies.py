"""What is compared: how each proxy is configured, as somebody who wants it fast would do it, and how it is started.

All of them stand before the same engine, on fixed ports, since the benchmark has a network namespace of its own. Each
has one worker, for one core. What only costs time is off: nginx's access log, HAProxy's logging. What Remuda does by
itself stays on: keys, accounting, metrics.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.relay.load import KEY, once, request

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin"
ENGINE_PORT = 9000
_READY_S = 90.0
_END_S = 10.0


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that listens at `port`. Its files are written to a folder, in which it is started.

    `hint`: how to install it.
    """

    name: str
    port: int
    program: str
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""

    @property
    def is_installed(self) -> bool:
        return shutil.which(self.program) is not None


def _remuda(port: int) -> Proxy:
    fleet = f"""\
gateway:
  listen: 127.0.0.1:{port}
  keys: [{{name: bench, secret: "${{env:BENCH_KEY}}"}}]
models:
  tiny: {{url: "http://127.0.0.1:{ENGINE_PORT}"}}
"""
    return Proxy(
        "remuda",
        port,
        sys.executable,
        ("-m", "remuda", "up", "-f", "remuda.yaml"),
        {"remuda.yaml": fleet},
        {"BENCH_KEY": KEY},
    )


def _nginx(port: int) -> Proxy:
    configuration = f"""\
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 10000; }}
http {{
  access_log off;
  client_max_body_size 100m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000;
  upstream engine {{
    server 127.0.0.1:{ENGINE_PORT};
    keepalive 128;
    keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
"""
    arguments = ("-p", ".", "-c", "nginx.conf", "-e", "stderr")
    return Proxy("nginx", port, "nginx", arguments, {"nginx.conf": configuration}, hint="apt-get install nginx")


def _haproxy(port: int) -> Proxy:
    configuration = f"""\
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  option http-buffer-request
  option http-no-delay
  http-reuse always
frontend clients
  bind 127.0.0.1:{port} backlog 4096
  http-request set-var(txn.model) req.body,json_query('$.model')
  use_backend %[var(txn.model)] if {{ var(txn.model) -m found }}
  # A body that is larger than HAProxy's buffer cannot be read as JSON.
  default_backend tiny
backend tiny
  server engine 127.0.0.1:{ENGINE_PORT}
"""
    hint = "apt-get install haproxy"
    return Proxy("haproxy", port, "haproxy", ("-db", "-f", "haproxy.cfg"), {"haproxy.cfg": configuration}, hint=hint)


def _sglang_router(port: int) -> Proxy:
    arguments = f"launch --worker-urls http://127.0.0.1:{ENGINE_PORT} --host 127.0.0.1 --port {port}"
    metrics = f"--policy round_robin --prometheus-host 127.0.0.1 --prometheus-port {port + 100}"
    words = (*arguments.split(), *metrics.split())
    return Proxy("sglang-router", port, str(PEERS / "smg"), words, hint="scripts/setup-peers")


def _litellm(port: int) -> Proxy:
    configuration = f"""\
model_list:
  - model_name: tiny
    litellm_params: {{model: openai/tiny, api_base: "http://127.0.0.1:{ENGINE_PORT}/v1", api_key: none}}
"""
    return Proxy(
        "litellm",
        port,
        str(PEERS / "litellm"),
        ("--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(port)),
        {"litellm.yaml": configuration},
        {"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
        hint="scripts/setup-peers",
    )


_MAKERS: tuple[Callable[[int], Proxy], ...] = (_remuda, _nginx, _haproxy, _sglang_router, _litellm)
PROXIES = tuple(make(port) for port, make in enumerate(_MAKERS, ENGINE_PORT + 1))


class Running:
    """A proxy or the engine, started on one core and ready to answer; a context manager."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.port = port
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.pid, signal.SIGTERM)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def wait(self) -> None:
        """Wait until a request is answered."""
        until = time.monotonic() + _READY_S
        while True:
            try:
                once(self.port, request())
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    end = self._log.read_text()[-2000:]
                    raise SystemExit(f"{self.name} does not answer: {error}; its log ends with\n{end}") from error
                time.sleep(0.05)
            else:
                return


def start(proxy: Proxy, core: int, folder: Path) -> Running:
    """Start a proxy on this core, with its files in a new folder."""
    folder.mkdir(parents=True)
    for name, text in proxy.files.items():
        (folder / name).write_text(text)
    log = folder / "log"
    homes = {name: str(folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            # However the benchmark ends, nothing of it stays.
            ("setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", str(core), proxy.program, *proxy.arguments),
            cwd=folder,
            env={**os.environ, **homes, **proxy.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = Running(proxy.name, proxy.port, process, log)
    try:
        running.wait()
    except BaseException:
        running.__exit__()
        raise
    return running


ENGINE = Proxy(
    "engine", ENGINE_PORT, sys.executable, ("-m", "bench.relay.engine", str(ENGINE_PORT)), {}, {"PYTHONPATH": str(ROOT)}
)
