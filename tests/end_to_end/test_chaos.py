"""Everything at once: more models than room, engines and daemons that end, edits of the file, many clients."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai
import pytest

from remuda.edge.ports import free_port
from tests.end_to_end.daemon_process import Daemon, Home, is_alive

MODELS = {"tiny-a": "range", "tiny-b": "sea", "tiny-c": "range", "tiny-d": "sea"}
CLIENTS = 20
REQUESTS = 2000
RETRYABLE = {429, 502, 503, 504}


def fleet(context: int) -> str:
    """Room for two of four models; an edit of `context` changes one of them."""
    entries = [
        f"  {model}: {{engine: llama-cpp, model: {theme}.gguf, memory: 100MiB, devices: [cpu], "
        f"settings: {{ctx-size: {context if model == 'tiny-d' else 2048}, threads: 1}}}}"
        for model, theme in MODELS.items()
    ]
    more = ["residency: {budget: {cpu: 250MiB}}", "lint: {model_ids: 'off'}", ""]
    return "\n".join(["models:", *entries, *more])


@dataclass
class Tally:
    """What became of the requests."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, wrong: str | None = None) -> None:
        with self._lock:
            self.outcomes[outcome] += 1
            if wrong:
                self.wrong.append(wrong)

    @property
    def total(self) -> int:
        with self._lock:
            return self.outcomes.total()


def ask(client: openai.OpenAI, number: int, tally: Tally) -> None:
    """One request, of a kind that its number decides; notes what became of it."""
    dice = random.Random(number)
    model, tokens = dice.choices(list(MODELS), (6, 3, 2, 1))[0], dice.choice((1, 8, 32))
    try:
        if number % 2:
            chunks = list(client.completions.create(model=model, prompt="the", max_tokens=tokens, stream=True))
            answered, ended = chunks[0].model, chunks[-1].choices[0].finish_reason
        else:
            whole = client.completions.create(model=model, prompt="the", max_tokens=tokens)
            answered, ended = whole.model, whole.choices[0].finish_reason
    except openai.APIConnectionError:
        tally.note("connection")
        time.sleep(0.2)
    except openai.APIStatusError as error:
        is_clear = error.status_code in RETRYABLE and bool(error.message)
        tally.note(str(error.status_code), None if is_clear else f"{number}: {error.status_code} {error.message}")
        time.sleep(0.05)
    except openai.APIError as error:
        tally.note("broken stream", None if error.message else f"{number}: a stream ended without a word")
    else:
        tally.note("answered", None if answered == model and ended else f"{number}: {model} {answered} {ended}")


@contextmanager
def clients(url: str, tally: Tally) -> Iterator[None]:
    """All requests, in the background; waits for the last of them."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60)
    with client, ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask, client, number, tally) for number in range(REQUESTS)]
        yield
        for request in asked:
            request.result()


def kill_some_engine(daemon: Daemon, dice: random.Random) -> None:
    pids = [row["pid"] for row in daemon.ps().values() if row["pid"]]
    with contextlib.suppress(IndexError, ProcessLookupError):  # there is none, or it has gone meanwhile
        os.kill(dice.choice(pids), signal.SIGKILL)


def wait_for(tally: Tally, count: int) -> None:
    while tally.total < count:
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_request_ends_in_the_right_answer_or_one_clear_error_and_nothing_is_left(home: Home) -> None:
    file, dice, tally = home.fleet(fleet(2048)), random.Random(4), Tally()
    listen = ("--listen", f"127.0.0.1:{free_port()}")
    with home.up(file, *listen) as first, clients(first.url, tally):
        for step in range(1, 6):
            wait_for(tally, step * 150)
            kill_some_engine(first, dice)
            if step == 2:
                restart(home, first)
            if step == 3:
                reload(home, 1024)
        left = {row["pid"] for row in first.ps().values() if row["state"] == "ready"}
        first.end(signal.SIGKILL)
        with home.up(file, *listen) as second:
            kept = {row["pid"] for row in second.ps().values()} & left
            assert all(is_alive(pid) for pid in kept)
            for step in range(6, 13):
                wait_for(tally, step * 150)
                kill_some_engine(second, dice)
                if step in {7, 10}:
                    reload(home, 128 * step)
            wait_for(tally, REQUESTS)
            rows = second.ps().values()
            assert [(row["in_flight"], row["waiting"]) for row in rows] == [(0, 0)] * len(MODELS)
            assert sum(row["state"] == "ready" for row in rows) <= 2
            assert second.end(signal.SIGTERM) == 0
    assert tally.wrong == []
    assert tally.total == REQUESTS
    assert tally.outcomes["answered"] > 0.8 * REQUESTS, tally.outcomes
    assert engines(home.path) == []


def restart(home: Home, daemon: Daemon) -> None:
    """Another daemon in the place of this one."""
    assert home.json("restart")["pid"] == daemon.pid
    assert daemon.output.read_text().count(" serves at ") == 2


def reload(home: Home, context: int) -> None:
    home.fleet(fleet(context))
    done = home.run("reload")
    assert done.returncode == 0, done.stderr
    assert "tiny-d: changed" in done.stderr


def engines(directory: Path) -> list[str]:
    """Command lines of processes in the directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == directory:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
