"""The models of the simulated fleets: what each takes of a device, and how long its start and stop take.

Memory is what real engines reported on real cards; the source stands beside each row. Of how long a start takes there
is less public truth, so one rule for each engine makes all of them:

- vLLM: 45 s for everything but the weights, and 1.21 GiB/s for these. vllm-project/vllm#44881 has 16 s until the
  configuration is known, 5 s for a compiled graph from the cache and 18 s for 21.82 GiB; the remaining 24 s for
  profiling and graph capture leave a 27B model at 65 s, the best warm start that users of llama-swap report (65 to
  108 s; 360 s cold).
- llama.cpp: 2 s, and 3.9 GiB/s: ggml-org/llama.cpp#19191 reads 59 GiB from its disk in 15.1 s, and with the file in
  memory a start takes 1.4 s (abetlen/llama-cpp-python#982).

How long a stop takes until the memory is seen back is an assumption: 4 s for vLLM, 1 s for llama.cpp.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_MIB = 1 << 20
_GIB = 1 << 30
CARD_BYTES = int(23.56 * _GIB)
"""What an RTX 3090 has (noonghunna/club-3090:BENCHMARKS.md)."""
LARGER_CARD_BYTES = int(31.37 * _GIB)
"""What an RTX 5090 has (the same)."""


@dataclass(frozen=True, slots=True)
class Engine:
    """How an engine starts and stops."""

    boot_s: float
    read_bytes_per_s: float
    stop_s: float


VLLM = Engine(45.0, 1.21 * _GIB, 4.0)
LLAMA_CPP = Engine(2.0, 3.9 * _GIB, 1.0)


@dataclass(frozen=True, slots=True)
class Model:
    """One model; `claims` are bytes of each device, `weights_bytes` is what a start has to read."""

    name: str
    engine: Engine
    weights_bytes: int
    claims: Mapping[str, int]

    @property
    def read_s(self) -> float:
        """How long reading the weights takes when nobody else reads."""
        return self.weights_bytes / self.engine.read_bytes_per_s

    @property
    def load_s(self) -> float:
        """How long a start takes when nobody else reads."""
        return self.engine.boot_s + self.read_s


@dataclass(frozen=True, slots=True)
class Fleet:
    """Models, in the order of the file, and what there is of each device."""

    models: Mapping[str, Model]
    budget: Mapping[str, int]

    def fits(self, models: Collection[str]) -> bool:
        """Whether these models can be up together."""
        claims = [self.models[model].claims for model in models]
        return all(sum(claim.get(device, 0) for claim in claims) <= size for device, size in self.budget.items())

    @property
    def longest_swap_s(self) -> float:
        """The slowest stop and the slowest start; a start may find another one reading."""
        models = self.models.values()
        return max(m.engine.stop_s for m in models) + max(m.load_s for m in models) + max(m.read_s for m in models)


def fleet(budget: Mapping[str, int], *models: Model) -> Fleet:
    """A fleet of these models, in this order."""
    return Fleet({model.name: model for model in models}, budget)


def _llama_cpp(name: str, model_mib: float, beside_mib: float, *devices: str) -> Model:
    """Weights, and what else it takes of the device (KV cache and compute buffers), both in MiB."""
    claim = int((model_mib + beside_mib) * _MIB)
    return Model(name, LLAMA_CPP, int(model_mib * _MIB), dict.fromkeys(devices or ("cuda0",), claim))


def _vllm(name: str, weights_gib: float, claim_gib: float, *devices: str) -> Model:
    """Weights of all devices together, and what it takes of each device."""
    return Model(name, VLLM, int(weights_gib * _GIB), dict.fromkeys(devices or ("cuda0",), int(claim_gib * _GIB)))


GLM_32B = _llama_cpp("glm-z1-32b", 16303, 308 + 1952)  # ikawrakow/ik_llama.cpp pull request 344
QWEN_27B = _llama_cpp("qwen3.8-27b", 15009, 569 + 512)  # llama.cpp's log, UD-Q4_K_M with MTP, Vulkan
QWEN_14B = _llama_cpp("qwen2.5-14b", 8148, 367 + 3840)  # Ollama's log, ROCm, 20,480 tokens
QWEN_8B = _llama_cpp("qwen3-8b", 7669, 1553 + 5760)  # llama.cpp's log, RX 7900 XT, 40,960 tokens
QWEN_4B = _llama_cpp("qwen3.5-4b", 2932, 335 + 4096)  # llama.cpp's log, 131,072 tokens
LLAMA_3B = _llama_cpp("llama3.2-3b", 1918, 448)  # the logs of two starts, 4,096 tokens
BGE_SMALL = _llama_cpp("bge-small", 41, 16 + 9)  # llama.cpp's log, Vulkan

QWEN_14B_AWQ = _vllm("qwen3-14b-awq", 9.44, 20.27)  # vLLM's log, L4: 0.92 of 22.03 GiB
LLAMA_8B = _vllm("llama-3.1-8b", 14.99, 19.86)  # vLLM's log, A10G: 0.9 of 22.07 GiB
GEMMA_12B = _vllm("gemma-4-12b", 8.28, 17.65)  # vLLM's log, A10: 0.8 of 22.06 GiB
QWEN_1B = _vllm("qwen2.5-1.5b", 2.89, 7.28)  # vLLM's log, T4: 0.5 of 14.56 GiB
QWEN_27B_TP2 = _vllm("qwen3.8-27b-tp2", 28.75, 21.68, "cuda0", "cuda1")  # club-3090, 0.92 of two cards


def on(device: str, model: Model) -> Model:
    """The same model on another device, with the device in its name."""
    (claim,) = set(model.claims.values())
    return Model(f"{model.name}-{device}", model.engine, model.weights_bytes, {device: claim})
