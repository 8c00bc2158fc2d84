"""Whatever a file holds, an adapter ends in a fleet or in problems with places, soon and without much memory."""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remuda.adapt import ADAPTERS
from remuda.adapt.contract import Adapted, Source
from remuda.adapt.write import fleet_text
from tests.adapt.files import InMemory

_LONGEST_S = 2.0
_MOST_BYTES = 300 * 2**20

SEEDS = {
    "docker-run": "docker run -e A=1 -p 8000:8000 --name x vllm/vllm-openai:v1 --model org/m --seed 1",
    "llmhop": '{"listen": ":1", "authTokens": ["${env:A}"], "models": {"a": {"url": "http://a"}}}',
    "llama-server-presets": "[*]\nc = 1\n[a]\nmodel = /m.gguf\nmmap = off\n",
    "ollama": 'FROM ./a.gguf\nPARAMETER temperature 0.5\nSYSTEM """a\nb"""\n',
}
"""A file of each format to begin from; one without an entry begins from nothing."""

HOSTILE = {
    "nothing": b"",
    "zeros": b"\0" * 1000,
    "no text": bytes(range(256)) * 10,
    "one long line": b"a" * 1_000_000,
    "many lines": b"a: b\n" * 100_000,
    "deep flow": b"{a: " * 50_000,
    "deep lists": b"[" * 100_000,
    "bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9)) for c in range(97, 110)),
    "quotes": b"docker run '" + b"'\"" * 100_000,
    "substitutions": b"docker run " + b"$(" * 100_000,
    "backslashes": b"docker run " + b"\\" * 300_000,
    "commands": b"docker run a b\n" * 5_000,
    "variables": b"docker run ${A:-" * 50_000,
    "documents": b"docker run <<A\n" * 20_000,
    "options": b"docker run " + b"-e A=1 " * 100_000 + b"i",
}


def adapted(name: str, content: bytes) -> Adapted:
    path = PurePosixPath("dir/file")
    source = Source(path, InMemory({str(path): content}), PurePosixPath("/dir"), {"HOME": "/h"})
    made = ADAPTERS[name].adapt(source)
    assert made.data.get("models") or made.is_refused
    for remark in made.remarks:
        assert remark.problem.message
    fleet_text(made)
    return made


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_has_an_end(name: str, what: str) -> None:
    begun = time.process_time()
    adapted(name, HOSTILE[what])
    assert time.process_time() - begun < _LONGEST_S


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_bomb_takes_little_memory(name: str) -> None:
    tracemalloc.start()
    try:
        adapted(name, HOSTILE["bomb"])
        assert tracemalloc.get_traced_memory()[1] < _MOST_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ADAPTERS)
def test_any_file_ends_in_a_fleet_or_in_problems(name: str) -> None:
    seed = SEEDS.get(name, "")
    tokens = re.findall(r"\w+|\s+|[^\w\s]", seed) or ["a"]
    mixed = st.lists(st.sampled_from(tokens) | st.text(max_size=3), max_size=40).map("".join)
    cut = st.tuples(st.integers(0, len(seed)), st.integers(0, len(seed)), st.text(max_size=4)).map(
        lambda place: seed[: place[0]] + place[2] + seed[place[1] :]
    )

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(mixed | cut | st.text(max_size=60))
    def ends(text: str) -> None:
        adapted(name, text.encode(errors="surrogateescape") if text.isprintable() else text.encode("utf-8", "replace"))

    ends()


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_seed_is_a_fleet(name: str) -> None:
    if name in SEEDS:
        assert not adapted(name, SEEDS[name].encode()).is_refused
