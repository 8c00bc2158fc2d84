"""Models that sleep, or keep what they have cached, instead of beginning anew, as clients see them."""

import sys
from pathlib import Path

import msgspec
import pytest
from openai import OpenAI

from tests.edge.embedded import ask
from tests.end_to_end.daemon_process import Daemon, Home, is_alive, wait_until_gone

FAKE = Path(__file__).parents[1] / "fake_engine.py"
PROMPT = "the grey mare rests near the quiet creek " * 40
SLEEPERS = """
engines: {vllm: {executable: ./vllm, devices: [rocm0]}}
models:
  one: {engine: vllm, model: o/one, memory: 20GiB, sleep: 2}
  two: {engine: vllm, model: o/two, memory: 20GiB, sleep: 2}
residency: {budget: {rocm0: 24GiB}}
lint: {model_ids: 'off'}
"""
KEEPERS = """
engines: {llama-cpp: {devices: [cpu], settings: {parallel: 2}}}
models:
  one: {engine: llama-cpp, model: range.gguf, memory: 200MiB, keep_cache: true}
  two: {engine: llama-cpp, model: sea.gguf, memory: 200MiB}
residency: {budget: {cpu: 300MiB}}
lint: {model_ids: 'off'}
"""


@pytest.fixture
def sleepers(home: Home) -> Path:
    program = home.path / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
    program.chmod(0o755)
    return home.fleet(SLEEPERS)


def chat(daemon: Daemon, model: str, prompt: str = "hello") -> dict[str, object]:
    with OpenAI(base_url=f"{daemon.url}/v1", api_key="none", max_retries=0, timeout=30) as client:
        messages = [{"role": "user", "content": prompt}]
        answer = client.chat.completions.create(model=model, messages=messages, max_tokens=2)  # type: ignore[arg-type]
    assert answer.choices[0].message.content
    assert "!" not in answer.choices[0].message.content
    return answer.model_dump()


def test_two_models_take_turns_asleep(home: Home, sleepers: Path) -> None:
    with home.up(sleepers) as daemon:
        chat(daemon, "one")
        first = daemon.ps()["one"]["pid"]
        chat(daemon, "two")
        assert daemon.ps()["one"]["state"] == "asleep"
        for model, other in (("one", "two"), ("two", "one"), ("one", "two")):
            chat(daemon, model)
            rows = daemon.ps()
            assert (rows[model]["state"], rows[other]["state"]) == ("ready", "asleep")
        assert daemon.ps()["one"]["pid"] == first
        assert "asleep" in home.run("ps").stdout
        assert ask(f"{daemon.url}/upstream/one/sleep?level=1", {})[0] == 403
        pids = [row["pid"] for row in daemon.ps().values()]
    for pid in pids:
        wait_until_gone(pid)


def test_who_sleeps_outlives_the_daemon_and_is_woken_by_the_next(home: Home, sleepers: Path) -> None:
    with home.up(sleepers) as daemon:
        chat(daemon, "one")
        chat(daemon, "two")
        before = daemon.ps()
        daemon.end(9)
    with home.up(sleepers) as daemon:
        after = daemon.ps()
        assert {model: (row["state"], row["pid"]) for model, row in after.items()} == {
            "one": ("asleep", before["one"]["pid"]),
            "two": ("ready", before["two"]["pid"]),
        }
        chat(daemon, "one")
        assert is_alive(before["one"]["pid"])
        home.run("unload", "two")
        daemon.wait_until("two", "stopped")


def test_a_prompt_is_not_read_again_after_two_swaps(home: Home) -> None:
    with home.up(home.fleet(KEEPERS)) as daemon:
        for model in ("one", "two"):
            chat(daemon, model, PROMPT)
            assert daemon.ps()[model]["state"] == "ready"
        answer = chat(daemon, "one", PROMPT)
        timings = msgspec.convert(answer["timings"], dict[str, float])
    assert timings["cache_n"] > 100
