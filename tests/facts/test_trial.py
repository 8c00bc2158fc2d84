from __future__ import annotations

import msgspec

from remuda.facts.trial import Fault, Trial


def test_a_trial_is_json_and_back() -> None:
    fault = Fault("62f17448", "/opt/venv/vllm/_C.abi3.so", 4096)
    trial = Trial(("python3", "-c", "import vllm"), -4, 60.0, ("Illegal instruction",), fault)
    assert msgspec.json.decode(msgspec.json.encode(trial), type=Trial) == trial
