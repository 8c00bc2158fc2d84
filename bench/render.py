"""How long 500 models take to render for every target; run by hand.

Target: under 1 s for each, from a checked fleet to the text of its files. What the whole command takes on top of that
is mostly reading and checking the file, which `scripts/bench check` measures, and writing 500 files.
"""

from __future__ import annotations

import json
import time

from remuda.plan.check import load_fleet
from remuda.render import TARGETS
from remuda.render.contract import Request

MODELS = 500
ROUNDS = 5
TARGET_S = 1.0

CONTAINED = {"image": "docker.io/vllm/vllm-openai", "tag": "own-build"}
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "NOTE": '50% of $$HOME, it\'s "said"'}
SETTINGS = {"max-model-len": 180000, "gpu-memory-utilization": 0.9, "chat-template": "{{ '%s' }} $$x\n\t\\"}


def fleet_text(models: int, runtime: str) -> str:
    """A fleet file with this many models, whose texts need quoting; JSON is YAML too, and quicker to write."""
    entries = {
        f"model-{number}": {
            "engine": "vllm",
            "runtime": runtime,
            **CONTAINED,
            "model": f"org/weights-{number}",
            "port": 20000 + number,
            "devices": ["cpu"],
            "environment": ENVIRONMENT,
            "settings": SETTINGS,
            "volumes": [f"/srv/models-{number}:/models"],
        }
        for number in range(models)
    }
    return json.dumps({"models": entries, "lint": {"model_ids": "off"}})


def best_s(target: str, request: Request) -> float:
    """The shortest of some renderings, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        rendering = TARGETS[target].render(request)
        times.append(time.perf_counter() - start)
        if rendering.is_refused:
            raise SystemExit(f"{target} refuses the fleet: {rendering.problems[0].message}")
    return min(times)


def main() -> None:
    """Print the table."""
    for target in TARGETS:
        runtime = "systemd" if target == "systemd" else "podman"
        fleet, _, _ = load_fleet(fleet_text(MODELS, runtime), "remuda.yaml")
        taken_s = best_s(target, Request(fleet))
        verdict = "" if taken_s < TARGET_S else "  (too slow)"
        print(f"{target:12} {1000 * taken_s:6.0f} ms{verdict}")


if __name__ == "__main__":
    main()
