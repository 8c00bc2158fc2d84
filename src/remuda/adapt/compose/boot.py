"""What a service runs that is computed as it boots, and what can be told of it all the same.

A script that puts flags together (probes a link, reads a variable, loops) cannot be read without running it. It stays
the model's command, whole; but the words that are handed to it are plain, and from them come the names that clients
call the model by, its context and the path of its health.

Images of llama.cpp's forks are not known one by one. Where one is given flags only, its own program is taken to be the
one that llama.cpp's images have, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from remuda.adapt.command_line import CommandLine, read
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.container import ContainerRun
from remuda.engines import llama_cpp, sglang, vllm

_PROGRAMS: Final = (
    (re.compile(r"\bvllm\s+serve\b|\bvllm\.entrypoints\b"), ("vllm", "serve")),
    (re.compile(r"\bsglang\.launch_server\b|\bsglang\s+serve\b"), ("sglang", "serve")),
    (re.compile(r"\bllama-server\b"), ("llama-server",)),
)
_CONTEXT: Final = {vllm.NAME: "max-model-len", sglang.NAME: "context-length", llama_cpp.NAME: "ctx-size"}
_FORK: Final = re.compile(r"(?:.*/)?[^/]*llama[^/]*")
_LLAMA_SERVER: Final = "/app/llama-server"


@dataclass(frozen=True, slots=True)
class Told:
    """What the plain words of a script's engine say."""

    names: tuple[str, ...] = ()
    keys: Mapping[str, Any] = field(default_factory=dict)


def mentions_engine(text: str) -> bool:
    """Whether a script starts an engine somewhere."""
    return any(form.search(text) for form, _ in _PROGRAMS)


def told(run: ContainerRun) -> Told:
    """What can be told of a container whose script is not understood; nothing if no engine is in it."""
    words = (*(run.entrypoint or ()), *run.argv)
    line = _line("\n".join(words), run)
    if line is None:
        return Told()
    context = line.settings.get(_CONTEXT[line.engine])
    keys = {
        "ready": "/health",
        "context_length": context if isinstance(context, int) and context > 0 else None,
        "cmd": _on_any_port(words),
    }
    return Told(line.served_names, {key: value for key, value in keys.items() if value is not None})


def _on_any_port(words: tuple[str, ...]) -> list[str] | None:
    """The command with its port left to Remuda; None where it is not one of its words."""
    found = [number for number, word in enumerate(words[:-1]) if word == "--port" and words[number + 1].isdecimal()]
    return [*words[: found[0] + 1], "${PORT}", *words[found[0] + 2 :]] if len(found) == 1 else None


def _line(text: str, run: ContainerRun) -> CommandLine | None:
    program = next((program for form, program in _PROGRAMS if form.search(text)), None)
    if program is None:
        return None
    plain = [word for word in run.argv if "\n" not in word]
    first = next((number for number, word in enumerate(plain) if word.startswith("-") and word != "--"), len(plain))
    return read([*program, *plain[first:]], {})


def forked(run: ContainerRun, image: Value, report: Report) -> ContainerRun:
    """The container with the program of llama.cpp's images, where it is a fork's and has flags only."""
    is_flags = run.entrypoint is None and run.argv[:1] != () and run.argv[0].startswith("-")
    if not is_flags or not _FORK.fullmatch(run.image) or run.image.endswith("ggml-org/llama.cpp"):
        return run
    message = f"what `{run.image}` runs by itself is not known: `{_LLAMA_SERVER}` is taken, as for images of llama.cpp"
    report.warn(image, message, "write `executable` if it is another program")
    return replace(run, entrypoint=(_LLAMA_SERVER,))
