"""How long `remuda check` takes, whole process, against a bare interpreter; run by hand.

Targets: 200 models in under 1 s (0.7 s wanted), ten mistakes in under 0.4 s, `--version` under 0.1 s above bare.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BROKEN = ROOT / "tests" / "cli" / "broken.yaml"
ROUNDS = 7

MODEL = """\
  qwen3.{n}-27b-vllm-180k-cuda0:
    name: Qwen3.{n} 27B (AutoRound INT4, 180K)
    engine: vllm
    model: Lorbus/Qwen3.{n}-27B-int4-AutoRound
    devices: [cuda0]
    settings:
      max-model-len: 180000
      gpu-memory-utilization: 0.92
    memory: 22GiB
    ttl: 15m
"""


def fleet(models: int) -> str:
    """A fleet file with this many models of ten lines."""
    return "models:\n" + "".join(MODEL.format(n=number) for number in range(models))


def best_s(*argv: str) -> float:
    """The shortest of some runs of a program, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the table."""
    remuda = (sys.executable, "-m", "remuda")
    with tempfile.TemporaryDirectory() as directory:
        large = Path(directory) / "remuda.yaml"
        large.write_text(fleet(200), encoding="utf-8")
        rows = {
            "bare interpreter": (sys.executable, "-c", "pass"),
            "--version": (*remuda, "--version"),
            "--help": (*remuda, "--help"),
            "check, ten mistakes": (*remuda, "check", str(BROKEN)),
            "check, 200 models": (*remuda, "check", str(large)),
            "schema": (*remuda, "schema"),
        }
        for name, argv in rows.items():
            print(f"{name:22} {1000 * best_s(*argv):6.0f} ms")


if __name__ == "__main__":
    main()
