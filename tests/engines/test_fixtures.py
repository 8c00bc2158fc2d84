"""What engines say when they start and when they fail, and what is made of it.

A case is a folder with the log of an engine, as it is or shortened, and the failure and progress to be read from it.
Those of `llama-cpp` with its time stamps are real logs of the embedded server, those of `vllm` with version 0.32 of a
real vLLM on the CPU (`bad_flag`, `context_…`, `missing_weights`, `port_taken`, `ready`); the others are put together
from the sources that the engine's module names.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remuda.engines import ENGINES
from remuda.engines.contract import Progress
from remuda.engines.failure import explain

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(str(path.parent.relative_to(FIXTURES)) for path in FIXTURES.glob("*/*/log.txt"))


@pytest.mark.parametrize("case", CASES)
def test_a_log_is_read_as_expected(case: str) -> None:
    engine = ENGINES[case.partition("/")[0]]
    lines = (FIXTURES / case / "log.txt").read_text().splitlines()
    expected = json.loads((FIXTURES / case / "expected.json").read_text())
    failure = explain(engine, returncode=expected["returncode"], lines=lines)
    signals = [engine.read_line(line) for line in lines]
    assert {
        "returncode": expected["returncode"],
        "kind": failure.kind.value,
        "message": failure.message,
        "progress": [signal.text for signal in signals if isinstance(signal, Progress)],
    } == expected


def test_every_engine_has_cases() -> None:
    assert {case.partition("/")[0] for case in CASES} == set(ENGINES)
