"""Environment variables that an engine does not read, though their names say that it would.

A start script of one's own may have read them, and a compose file set others (seed 002: the file set
`VLLM_GPU_MEMORY_UTILIZATION`, the script read `GPU_MEM_UTIL`, vLLM knows neither). Remuda starts the engine itself, so
such a name says nothing any more, and the value that it was to set is the default.

Only names that have been seen in use are listed; what the engines do read grows by release. Source for vLLM:
vllm/envs.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from remuda.engines import vllm
from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label
from remuda.spec.rules.entries import entries

_MEMORY: Final = "write `settings: {gpu-memory-utilization: …}`"
_LENGTH: Final = "write `settings: {max-model-len: …}`"
_ADDRESS: Final = "remove it; `port` is the port of the engine, and the gateway is the address that clients use"

UNREAD: Final[Mapping[str, Mapping[str, str]]] = {
    vllm.NAME: {
        **dict.fromkeys(("VLLM_GPU_MEMORY_UTILIZATION", "GPU_MEMORY_UTILIZATION", "GPU_MEM_UTIL"), _MEMORY),
        **dict.fromkeys(("VLLM_MAX_MODEL_LEN", "MAX_MODEL_LEN"), _LENGTH),
        **dict.fromkeys(("VLLM_MODEL", "MODEL_PATH"), "write `model:` beside `engine:`"),
        **dict.fromkeys(("VLLM_HOST", "VLLM_API_HOST", "VLLM_API_PORT"), _ADDRESS),
        "VLLM_LOG_LEVEL": "write `VLLM_LOGGING_LEVEL`",
        "EXTRA_VLLM_ARGS": "write its flags under `settings`",
    }
}
"""What to write instead, by engine and name."""


def unread(document: Document) -> Iterator[Problem]:
    """A warning for each of them."""
    for name in document.mapping("engines"):
        yield from _at(document, name, ("engines", name, "environment"))
    for entry in entries(document):
        yield from _at(document, entry.engine, (*entry.path, "environment"))


def _at(document: Document, engine: str | None, path: Path) -> Iterator[Problem]:
    known = UNREAD.get(engine or "", {})
    for name in document.mapping(*path):
        if name in known:
            where = (*path, name)
            message = f"{label(where)} says nothing to the engine `{engine}`, which does not read it"
            yield document.problem_of_key(where, message, hint=known[name], severity="warning")
