"""Where an engine in a unit keeps what it downloads and compiles.

The system's units see a file system that they cannot write to, but for one directory for each engine, so everything
that engines would put into a home has to be led there. What is downloaded is where a container of the same engine has
it below its mount, so that one directory can serve both.

Sources: huggingface_hub's environment variables; vllm/envs.py; torch/_inductor/runtime/cache_dir_utils.py and triton's
knobs; NVIDIA's CUDA environment variables; flashinfer/jit/env.py; llama.cpp's common/common.cpp; Ollama's envconfig.
"""

from __future__ import annotations

from collections.abc import Mapping

from remuda.engines import llama_cpp, ollama, sglang, vllm

_HUB: Mapping[str, str] = {"HF_HOME": ""}
_TORCH: Mapping[str, str] = {
    **_HUB,
    "CUDA_CACHE_PATH": "/.cache/nv",
    "FLASHINFER_WORKSPACE_BASE": "",
    "TORCHINDUCTOR_CACHE_DIR": "/.cache/torchinductor",
    "TRITON_CACHE_DIR": "/.cache/triton",
}
_ANY: Mapping[str, str] = {"HOME": "", "XDG_CACHE_HOME": "/.cache", "XDG_CONFIG_HOME": "/.config"}
_OF: Mapping[str, Mapping[str, str]] = {
    vllm.NAME: {**_TORCH, "VLLM_CACHE_ROOT": "/.cache/vllm", "VLLM_CONFIG_ROOT": "/.config/vllm"},
    sglang.NAME: _TORCH,
    llama_cpp.NAME: {"CUDA_CACHE_PATH": "/.cache/nv", "LLAMA_CACHE": ""},
    ollama.NAME: {"OLLAMA_MODELS": "/models"},
}


def redirections(engine: str, directory: str) -> dict[str, str]:
    """The variables that lead an engine to the directory."""
    return {name: f"{directory}{below}" for name, below in {**_ANY, **_OF.get(engine, _HUB)}.items()}
