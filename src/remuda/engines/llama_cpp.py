"""llama.cpp's server: the one inside the `xllamacpp` wheel, run as a child process, or a `llama-server` binary.

Both take the same flags. A model is a file, or the name of a Hugging Face repository with an optional quantisation
(`ggml-org/gemma-3-4b-it-GGUF:Q4_K_M`), which only the binary can download.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from typing import Any

from remuda.engines import flags, lines, told, versions
from remuda.engines.contract import (
    Call,
    Dialect,
    Executable,
    FailureKind,
    Launch,
    Module,
    Order,
    Program,
    Readiness,
    Signal,
    Sleep,
    SlotCache,
)

NAME = "llama-cpp"
PROGRAMS: tuple[Program, ...] = (
    Module("remuda.edge.embedded_llama_cpp", needs="xllamacpp"),
    Executable("llama-server"),
)
INSTALL = "pip install 'remuda[embedded]'"
STOP_SIGNAL: int = signal.SIGTERM
STOP_GRACE_S = 5.0

# The three tables follow the option table in tools/server/README.md of ggml-org/llama.cpp.
_SHORT = """
    Cb Cbd Cd Cr Crb Crd ag bs cb cl cmoe cmoed cms cram ctk ctkd ctv ctvd ctxcp dev devd dio dr dt fa fitc fitt
    hf hfd hff hfr hfrd hft jf kvo kvu lcd lcs lm lv lzm md mg mm mmdev mmu mu ncffn ncmoe ncmoed ndio ngl ngld nkvo
    no-ag no-kvu nocb np nr ot otd rea sm sp sps tb tbd td to ts ub
"""
_WITHOUT_NEGATION = """
    backend-sampling check-tensors cpu-moe embedding embeddings ignore-eos log-disable lora-init-without-apply metrics
    mlock no-host offline props rerank reranking reuse-port spec-draft-cpu-moe special spm-infill swa-full verbose
"""
_TRUE = ("1", "on", "true", "enabled")  # common/arg.cpp
ON_OFF = frozenset({"flash-attn", "fa", "fit", "log-colors", "reasoning", "rea"})

# Its parser knows no `--key=value`, takes the word after a flag whatever it begins with, and heeds only the last of
# several: common/arg.cpp.
DIALECT = Dialect(lists="comma", short=frozenset(_SHORT.split()), positive=frozenset(_WITHOUT_NEGATION.split()))

_MODEL = "write `model:` beside `engine:`"
MANAGED = {
    "host": "remove it; the gateway is the address that clients use",
    "port": "write `port:` beside `engine:` to fix the port",
    **dict.fromkeys(("alias", "a"), "write `served_name:` beside `engine:`, or add a route for another name"),
    **dict.fromkeys(("model", "m", "model-url", "mu", "hf-repo", "hf", "hfr", "docker-repo", "dr"), _MODEL),
    **dict.fromkeys(("models-dir", "models-preset"), "write one entry under `models:` for each model"),
}

VERSION = ("/props", "/build_info")
METRICS = "/metrics"
HAS_TIMINGS = True
SLEEP: Mapping[int, Sleep] = {}
SLEEPER_PATHS: tuple[str, ...] = ()
# tools/server/README.md; a slot that is idle, and cached something, is saved whole.
SLOT_CACHE = SlotCache(
    setting="slot-save-path",
    look=Call("GET", "/slots"),
    save="/slots/{slot}?action=save",
    restore="/slots/{slot}?action=restore",
)

# Pull request 17570 of ggml-org/llama.cpp (merged 2025-11-28); builds are numbered by commits, this is one of some days
# later. Its /v1/responses (18486) is not relied on: up to b11549 the events of its streams have no `content_index`,
# which OpenAI's client needs.
_ALWAYS = ("/tokenize", "/detokenize")
_SINCE = {"/v1/messages": (7300,), "/v1/messages/count_tokens": (7300,)}

_STAMP = re.compile(r"^[\d.]+ [DIWE] ")

# Sources: real logs in tests/engines/fixtures/llama-cpp; ggml/src/ggml-{cuda,vulkan} and common/{arg,download}.cpp.
_RULES = (
    lines.progress("going on without a GPU", r"ggml_(cuda|hip|vulkan)_init: failed to initialize"),
    lines.trouble(
        FailureKind.OUT_OF_MEMORY,
        r"insufficient memory \(attempted to allocate",
        r"failed to allocate \S+ buffer|failed to allocate buffer for kv cache|ErrorOutOfDeviceMemory",
    ),
    lines.trouble(
        FailureKind.BAD_FLAG,
        r"^error: (invalid argument|cannot use|no such flag|expected )|error while handling argument",
    ),
    lines.trouble(FailureKind.PORT_TAKEN, r"couldn't bind HTTP server socket"),
    lines.trouble(
        FailureKind.MISSING_WEIGHTS,
        r"failed to open GGUF file|invalid magic characters|model is corrupted or incomplete",
        r"unknown model architecture|failed to download|failed to load (multimodal )?model, '",
    ),
    lines.progress("loading weights", r"load_model: loading model|load_tensors: "),
    lines.progress("allocating the context", r"llama_context: |llama_kv_cache: |load_model: initializing"),
    lines.progress("serving", r"init: listening on|server is listening on|main: model loaded|init: model loaded"),
    *lines.SHARED,
)


def launch(order: Order) -> Launch:
    """The server with the managed flags, its metrics and the settings."""
    settings = {"metrics": True, **flags.without_managed(order.settings, MANAGED)}
    if order.cache_directory is not None:
        # The slash, because the wheel puts nothing between the directory and a file's name.
        settings |= {SLOT_CACHE.setting: order.cache_directory.rstrip("/") + "/", "slots": True}
    argv = (
        *order.program,
        *("--model" if is_file(order.weights) else "--hf-repo", order.weights),
        *("--alias", order.name, "--host", order.host, "--port", str(order.port)),
        *flags.render(_spelled(settings), DIALECT),
    )
    return Launch(argv, dict(order.environment))


def is_file(model: str) -> bool:
    """Whether a model is a path and not the name of a repository."""
    return model.endswith(".gguf") or model.startswith(("/", "./", "../", "~"))


def _spelled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with `on` and `off` for the switches that are no switches in llama.cpp."""
    words = {True: "on", False: "off"}
    return {
        key: words[value] if key in ON_OFF and isinstance(value, bool) else value for key, value in settings.items()
    }


def readiness(order: Order) -> Readiness:
    """`/health` answers 503 while the model loads."""
    return Readiness.of(order, "/health")


def served_name(order: Order) -> str | None:  # noqa: ARG001 (the protocol's signature)
    """llama.cpp answers for any name."""
    return None


def context_length(settings: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:
    """`ctx-size`, which the slots of `parallel` divide among them unless they share one cache.

    They share it by themselves when nobody says how many there are (tools/server/server.cpp); `kv-unified-per-slot` is
    a bound beside that. The server rounds a slot's part up to the next 256; that is not promised here.
    """
    size = told.count(told.setting(settings, "ctx-size", "c") or environment.get("LLAMA_ARG_CTX_SIZE"))
    slots = told.count(told.setting(settings, "parallel", "np") or environment.get("LLAMA_ARG_N_PARALLEL"))
    if size is not None and slots is not None and not _shares_cache(settings, environment):
        size //= slots
    bound = told.setting(settings, "kv-unified-per-slot") or environment.get("LLAMA_ARG_KV_UNIFIED_PER_SLOT")
    return min((tokens for tokens in (size, told.count(bound)) if tokens is not None), default=None)


def _shares_cache(settings: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    said = told.setting(settings, "kv-unified", "kvu")
    if said is not None or told.is_on(settings, "no-kv-unified", "no-kvu"):
        return said is True
    return environment.get("LLAMA_ARG_KV_UNIFIED") in _TRUE


def capabilities(settings: Mapping[str, Any]) -> frozenset[str]:
    """A server for embeddings or reranking does nothing else; a projector is what makes a model see."""
    if told.is_on(settings, "rerank", "reranking"):
        return frozenset({"reranking"})
    if told.is_on(settings, "embedding", "embeddings"):
        return frozenset({"embedding"})
    has_templates = told.setting(settings, "jinja") is not False and not told.is_on(settings, "no-jinja")
    can_see = told.setting(settings, "mmproj", "mm", "mmproj-url", "mmu") is not None
    more = {"tools": has_templates, "vision": can_see}
    return frozenset({"completion", "chat", *(name for name, is_there in more.items() if is_there)})


def apis(version: str | None) -> frozenset[str]:
    """Anthropic's messages and OpenAI's responses, by build."""
    return versions.served(version, _ALWAYS, _SINCE)


def read_line(line: str) -> Signal | None:
    """What a line of llama.cpp's log means."""
    return lines.read(_STAMP.sub("", line), _RULES)
