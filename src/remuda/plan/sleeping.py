"""What an instance keeps of its devices while it is asleep, as far as that can be told before it was seen.

On a GPU stays what vLLM's allocator for sleeping does not hold: the CUDA context, the captured graphs, NCCL's buffers.
What its worker logs (`Sleep mode freed … GiB memory, … GiB memory is still in use`) and what drivers show lies between
1.3 and 7 GiB: 1.3 of 72 and 1.4 of 73 GiB (80 GB cards), 4.3 of 70 and 5.8 of 89 GiB (logs that users published),
7.0 of 166 GB (`vllm-project/vllm` issue 47654, GB200, eight cards). A GiB and a sixteenth of what it claims is not
less than any of them. What is measured after it has fallen asleep replaces the figure.

At level 1 the weights lie in the host's memory. How large they are is not known here, so what the instance claims of
its devices stands for them: an upper bound, since the cache, which is not kept, is part of it.
"""

from __future__ import annotations

from collections.abc import Mapping

_CONTEXT_BYTES = 1024**3
_SHARE = 16
_WITH_WEIGHTS = 1
"""The level that keeps the weights."""


def asleep_claims(level: int, claims: Mapping[str, int]) -> dict[str, int]:
    """Bytes of each device, and of the CPU for the weights; `claims` are those of its devices while it is awake.

    A claim of nothing is that of a model of which a set says what fits beside it; it keeps something all the same.
    """
    kept = {device: min(size or _CONTEXT_BYTES, _CONTEXT_BYTES + size // _SHARE) for device, size in claims.items()}
    if level == _WITH_WEIGHTS:
        kept["cpu"] = kept.get("cpu", 0) + sum(claims.values())
    return kept
