"""Starts embedded llama.cpp servers for tests and speaks to them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "remuda.edge.embedded_llama_cpp")


def run(*flags: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A server that is expected to end by itself."""
    return subprocess.run((*COMMAND, *flags), capture_output=True, text=True, timeout=30, check=False, **options)


@contextmanager
def server(model: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that is up, with its URL; its log is beside the model."""
    log = model.with_suffix(".log")
    with log.open("wb") as output:
        argv = (*COMMAND, "--model", str(model), "--host", "127.0.0.1", "--port", "0", *flags)
        process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process, _address(process, log)
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        found = re.search(r"listening on (http://\S+:\d+)\n", log.read_text())
        if found:
            return found[1]
    raise AssertionError(log.read_text())


def ask(url: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a GET, or of a POST of `body`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **headers})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text, status = answer.read().decode(), answer.status
    except urllib.error.HTTPError as error:
        with error:
            text, status = error.read().decode(), error.code
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
