"""The engines: one pure module each, and the table of all of them.

Adding one is a module with the names of `contract.Engine`, a line in `ENGINES`, and a folder of real logs under
`tests/engines/fixtures`. Nothing here starts anything: an engine module says what to start, the edge does it.
"""

from __future__ import annotations

from collections.abc import Mapping

from remuda.engines import command, llama_cpp, ollama, sglang, vllm
from remuda.engines.contract import Engine

_ALL: tuple[Engine, ...] = (llama_cpp, vllm, sglang, ollama, command)

ENGINES: Mapping[str, Engine] = {engine.NAME: engine for engine in _ALL}
"""Every engine, by the name that the fleet file uses; in the order in which they are presented."""
