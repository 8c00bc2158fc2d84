"""What `remuda doctor` prints, as a person sees it: the whole text for some recorded machines.

`python -m tests.cli.test_verdicts` writes the texts anew, to be looked through.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from remuda.cli.verdicts import host_lines, model_lines
from remuda.plan.verdict.outlook import outlooks
from tests.plan.verdict.hosts import recorded

EXPECTED = Path(__file__).parent / "doctor"
SHOWN = (
    "mi50-w7500",
    "rtx-3090-gtx-1080ti",
    "v100",
    "h100",
    "driver-470",
    "strix-halo",
    "mi300x-container-without-kfd",
    "cpu-avx2",
)


def shown(name: str) -> str:
    host = recorded(name)
    return "\n".join(host_lines(host, outlooks(host))) + "\n"


@pytest.mark.parametrize("name", SHOWN)
def test_a_machine_is_shown(name: str) -> None:
    assert shown(name) == (EXPECTED / f"{name}.txt").read_text()


def test_a_model_that_is_placed_nowhere_is_unknown() -> None:
    assert list(model_lines("a", ())) == ["a: unknown: nothing is known of its engine, or it is placed nowhere"]


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for each in SHOWN:
        (EXPECTED / f"{each}.txt").write_text(shown(each))
