"""The adapters: one pure module or package each, and the table of all of them.

Adding one is a module with the names of `contract.Adapter`, a line in `_ALL`, and a folder of cases in `tests/adapt`.
"""

from __future__ import annotations

from collections.abc import Mapping

from remuda.adapt import docker_run, llmhop, ollama, presets, quadlet
from remuda.adapt.compose import adapter as compose
from remuda.adapt.contract import Adapter
from remuda.adapt.llama_swap import adapter as llama_swap

_ALL: tuple[Adapter, ...] = (llama_swap, compose, docker_run, quadlet, llmhop, presets, ollama)

ADAPTERS: Mapping[str, Adapter] = {adapter.NAME: adapter for adapter in _ALL}
"""Every adapter, by the name that the command line uses; in the order in which they are presented."""
