"""llama-server's flags, for the llama.cpp that is embedded in a wheel: argv → assignments to its parameters.

The wheel has llama.cpp's server but not its command line. These tables are the command line: each flag with the
attribute of the wheel's `CommonParams` that it sets, values as llama.cpp spells them. What the wheel cannot do
(download a model, choose devices by name, constrain with a grammar file, …) is not in the tables and so is refused by
name.

Source: the option table in tools/server/README.md and common/arg.cpp of ggml-org/llama.cpp. Nothing of the wheel is
imported here: its enumerations are plain numbers, which a test compares with the wheel's.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remuda.spec.nearest import suggestion

KV_TYPES = {"f32": 0, "f16": 1, "bf16": 30, "q8_0": 8, "q4_0": 2, "q4_1": 3, "iq4_nl": 20, "q5_0": 6, "q5_1": 7}
FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
LAZY_MODES = {"off": 0, "auto": 1, "on": 2}
LOAD_MODES = {"auto": -1, "none": 0, "mmap": 1, "mlock": 2, "mmap+mlock": 3, "dio": 4}
NUMA = {"distribute": 1, "isolate": 2, "numactl": 3}
POOLINGS = {"none": 0, "mean": 1, "cls": 2, "last": 3, "rank": 4}
REASONING_FORMATS = {"none": 0, "auto": 1, "deepseek-legacy": 2, "deepseek": 3}
ROPE_SCALINGS = {"none": 0, "linear": 1, "yarn": 2}
SPECULATIONS = {
    "none": 0, "draft-simple": 1, "draft-eagle3": 2, "draft-mtp": 3, "draft-dflash": 4, "draft-dspark": 5,
    "ngram-simple": 6, "ngram-map-k": 7, "ngram-map-k4v": 8, "ngram-mod": 9, "ngram-cache": 10,
}  # fmt: skip
SPLIT_MODES = {"none": 0, "layer": 1, "row": 2, "tensor": 3}

# Without its bit, a sampling parameter gives way to the one that the model's file recommends.
SAMPLING_BITS = {
    "samplers": 1, "top_k": 2, "top_p": 4, "min_p": 8, "xtc_probability": 16, "xtc_threshold": 32, "temp": 64,
    "penalty_last_n": 128, "penalty_repeat": 256, "mirostat": 512, "mirostat_tau": 1024, "mirostat_eta": 2048,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assignment:
    """An attribute of the parameters, as a dotted path, and its value; with `is_file` the content of that file."""

    target: str
    value: Any
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command line: what to assign, in its order, or everything that is wrong with it."""

    assignments: tuple[Assignment, ...] = ()
    problems: tuple[str, ...] = ()


Reader = Callable[[str], tuple[Assignment, ...]]


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that takes a value (`read`) or none (`fixed`)."""

    read: Reader | None = None
    fixed: tuple[Assignment, ...] = ()


_DOWNLOADS = frozenset(
    {"--hf-repo", "-hf", "-hfr", "--model-url", "-mu", "--docker-repo", "-dr", "--mmproj-url", "-mmu"}
)
_DOWNLOAD_HINT = "give a file, or install `llama-server`, which can download"


def parse(argv: Sequence[str]) -> Parsed:
    """Read a command line as llama-server does: `_` is `-` in long flags, the word after a flag is its value."""
    assignments: list[Assignment] = []
    problems: list[str] = []
    words = deque(argv)
    while words:
        word = words.popleft()
        try:
            assignments += _assigned(word.replace("_", "-") if word.startswith("--") else word, words)
        except ValueError as error:
            problems.append(str(error))
    bits = (SAMPLING_BITS.get(assigned.target.removeprefix("sampling."), 0) for assigned in assignments)
    given = Assignment("sampling.user_sampling_config", _united(bits))
    return Parsed((*assignments, given) if given.value else tuple(assignments), tuple(problems))


def _united(bits: Iterator[int]) -> int:
    united = 0
    for bit in bits:
        united |= bit
    return united


def _assigned(name: str, words: deque[str]) -> tuple[Assignment, ...]:
    flag = FLAGS.get(name)
    if flag is None:
        if words and not words[0].startswith("-"):
            words.popleft()
        hint = _DOWNLOAD_HINT if name in _DOWNLOADS else suggestion(name, FLAGS)
        raise ValueError(f"no such flag in the embedded llama.cpp: `{name}`" + (f" ({hint})" if hint else ""))
    if flag.read is None:
        return flag.fixed
    if not words:
        raise ValueError(f"expected value for argument: `{name}`")
    value = words.popleft()
    try:
        return flag.read(value)
    except ValueError as error:
        raise ValueError(f"cannot use `{value}` for `{name}`: {error}") from None


def _one(target: str, convert: Callable[[str], Any]) -> Reader:
    return lambda text: (Assignment(target, convert(text)),)


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("expected a number") from None


def _inverse(text: str) -> float:
    if not (number := _number(text)):
        raise ValueError("expected a number other than 0")
    return 1 / number


def _choice(choices: Mapping[str, int]) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return choices[text]

    return convert


def _listed(convert: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    return lambda text: [convert(part) for part in text.split(",") if part]


def _layers(text: str) -> int:
    return {"auto": -1, "all": -2}[text] if text in {"auto", "all"} else _integer(text)


def _scaled_lora(text: str) -> tuple[str, float]:
    path, colon, scale = text.rpartition(":")
    if not colon:
        raise ValueError("expected FILE:SCALE")
    return path, _number(scale)


def _template_values(text: str) -> dict[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 (the text is wrong, not its type)
    return {key: json.dumps(value) for key, value in values.items()}


def _reasoning(text: str) -> tuple[Assignment, ...]:
    enabled = _choice({"auto": -1, "off": 0, "on": 1})(text)
    known = {} if enabled < 0 else {"enable_thinking": json.dumps(bool(enabled))}
    return (Assignment("enable_reasoning", enabled), Assignment("default_template_kwargs", known))


def _timeouts(text: str) -> tuple[Assignment, ...]:
    seconds = _integer(text)
    return (Assignment("timeout_read", seconds), Assignment("timeout_write", seconds))


_INTEGERS = {
    "--threads -t": "cpuparams.n_threads",
    "--threads-batch -tb": "cpuparams_batch.n_threads",
    "--prio": "cpuparams.priority",
    "--poll": "cpuparams.poll",
    "--ctx-size -c": "n_ctx",
    "--n-predict --predict -n": "n_predict",
    "--batch-size -b": "n_batch",
    "--ubatch-size -ub": "n_ubatch",
    "--keep": "n_keep",
    "--parallel -np": "n_parallel",
    "--port": "port",
    "--threads-http": "n_threads_http",
    "--cache-reuse": "n_cache_reuse",
    "--cache-ram -cram": "cache_ram_mib",
    "--ctx-checkpoints --swa-checkpoints -ctxcp": "n_ctx_checkpoints",
    "--checkpoint-min-step -cms": "checkpoint_min_step",
    "--kv-unified-per-slot": "kv_unified_per_slot",
    "--moe-cache-mib": "moe_cache_size",
    "--main-gpu -mg": "main_gpu",
    "--fit-ctx -fitc": "fit_params_min_ctx",
    "--yarn-orig-ctx": "yarn_orig_ctx",
    "--embd-normalize": "embd_normalize",
    "--sse-ping-interval": "sse_ping_interval",
    "--sleep-idle-seconds": "sleep_idle_seconds",
    "--image-min-tokens": "image_min_tokens",
    "--image-max-tokens": "image_max_tokens",
    "--mtmd-batch-max-tokens": "mtmd_batch_max_tokens",
    "--verbosity --log-verbosity -lv": "verbosity",
    "--reasoning-budget": "sampling.reasoning_budget_tokens",
    "--top-k": "sampling.top_k",
    "--repeat-last-n": "sampling.penalty_last_n",
    "--dry-allowed-length": "sampling.dry_allowed_length",
    "--dry-penalty-last-n": "sampling.dry_penalty_last_n",
    "--mirostat": "sampling.mirostat",
    "--spec-draft-n-max": "speculative.draft.n_max",
    "--spec-draft-n-min": "speculative.draft.n_min",
    "--spec-draft-threads --threads-draft -td": "speculative.draft.cpuparams.n_threads",
    "--spec-draft-threads-batch --threads-batch-draft -tbd": "speculative.draft.cpuparams_batch.n_threads",
    "--spec-ngram-mod-n-min": "speculative.ngram_mod.n_min",
    "--spec-ngram-mod-n-max": "speculative.ngram_mod.n_max",
    "--spec-ngram-mod-n-match": "speculative.ngram_mod.n_match",
}
_NUMBERS = {
    "--rope-freq-base": "rope_freq_base",
    "--rope-freq-scale": "rope_freq_scale",
    "--yarn-ext-factor": "yarn_ext_factor",
    "--yarn-attn-factor": "yarn_attn_factor",
    "--yarn-beta-slow": "yarn_beta_slow",
    "--yarn-beta-fast": "yarn_beta_fast",
    "--slot-prompt-similarity -sps": "slot_prompt_similarity",
    "--video-fps": "video_fps",
    "--temp --temperature": "sampling.temp",
    "--top-p": "sampling.top_p",
    "--min-p": "sampling.min_p",
    "--typical --typical-p": "sampling.typ_p",
    "--xtc-probability": "sampling.xtc_probability",
    "--xtc-threshold": "sampling.xtc_threshold",
    "--repeat-penalty": "sampling.penalty_repeat",
    "--presence-penalty": "sampling.penalty_present",
    "--frequency-penalty": "sampling.penalty_freq",
    "--dry-multiplier": "sampling.dry_multiplier",
    "--dry-base": "sampling.dry_base",
    "--adaptive-target": "sampling.adaptive_target",
    "--adaptive-decay": "sampling.adaptive_decay",
    "--dynatemp-range": "sampling.dynatemp_range",
    "--dynatemp-exp": "sampling.dynatemp_exponent",
    "--mirostat-lr": "sampling.mirostat_eta",
    "--mirostat-ent": "sampling.mirostat_tau",
    "--spec-draft-p-split --draft-p-split": "speculative.draft.p_split",
    "--spec-draft-p-min --draft-p-min": "speculative.draft.p_min",
}
_TEXTS = {
    "--model -m": "model.path",
    "--mmproj -mm": "mmproj.path",
    "--mmproj-device -mmdev": "mmproj_device",
    "--spec-draft-model --model-draft -md": "speculative.draft.mparams.path",
    "--chat-template": "chat_template",
    "--samplers": "sampling.samplers",
    "--path": "public_path",
    "--api-prefix": "api_prefix",
    "--slot-save-path": "slot_save_path",
    "--media-path": "media_path",
    "--ssl-key-file": "ssl_file_key",
    "--ssl-cert-file": "ssl_file_cert",
    "--cors-origins": "cors_origins",
    "--cors-methods": "cors_methods",
    "--cors-headers": "cors_headers",
    "--override-tensor -ot": "tensor_buft_overrides",
    "--reasoning-budget-message": "sampling.reasoning_budget_message",
}
_CHOICES: dict[str, tuple[str, Mapping[str, int]]] = {
    "--cache-type-k -ctk": ("cache_type_k", KV_TYPES),
    "--cache-type-v -ctv": ("cache_type_v", KV_TYPES),
    "--spec-draft-type-k --cache-type-k-draft -ctkd": ("speculative.draft.cache_type_k", KV_TYPES),
    "--spec-draft-type-v --cache-type-v-draft -ctvd": ("speculative.draft.cache_type_v", KV_TYPES),
    "--flash-attn -fa": ("flash_attn_type", FLASH_ATTENTION),
    "--lazy-mode -lzm": ("lazy_mode", LAZY_MODES),
    "--load-mode -lm": ("load_mode", LOAD_MODES),
    "--numa": ("numa", NUMA),
    "--pooling": ("pooling_type", POOLINGS),
    "--reasoning-format": ("reasoning_format", REASONING_FORMATS),
    "--rope-scaling": ("rope_scaling_type", ROPE_SCALINGS),
    "--split-mode -sm": ("split_mode", SPLIT_MODES),
    "--fit -fit": ("fit_params", {"off": False, "on": True}),
    "--spec-draft-sampling": ("speculative.draft.probabilistic", {"greedy": False, "probabilistic": True}),
}
_READERS: dict[str, Reader] = {
    "--n-gpu-layers --gpu-layers -ngl": _one("n_gpu_layers", _layers),
    "--spec-draft-ngl --n-gpu-layers-draft --gpu-layers-draft -ngld": _one("speculative.draft.n_gpu_layers", _layers),
    "--host": _one("hostnames", _listed(str)),
    "--api-key": _one("api_keys", _listed(str)),
    "--alias -a": _one("model_alias", lambda text: set(_listed(str)(text))),
    "--tags": _one("model_tags", lambda text: set(_listed(str)(text))),
    "--seed -s": _one("sampling.seed", lambda text: _integer(text) % 2**32),
    "--rope-scale": _one("rope_freq_scale", _inverse),
    "--tensor-split -ts": _one("tensor_split", _listed(_number)),
    "--fit-target -fitt": _one("fit_params_target", _listed(lambda text: _integer(text) * 2**20)),
    "--lora": _one("lora_adapters", _listed(lambda path: (path, 1.0))),
    "--lora-scaled": _one("lora_adapters", _listed(_scaled_lora)),
    "--spec-type": _one("speculative.types", _listed(_choice(SPECULATIONS))),
    "--chat-template-kwargs": _one("default_template_kwargs", _template_values),
    "--chat-template-file": lambda path: (Assignment("chat_template", path, is_file=True),),
    "--reasoning -rea": _reasoning,
    "--timeout -to": _timeouts,
}
# The spellings that switch it on, and those that switch it off where llama-server has any.
_SWITCHES = {
    "embedding": ("--embedding --embeddings", ""),
    "endpoint_metrics": ("--metrics", ""),
    "endpoint_props": ("--props", ""),
    "endpoint_slots": ("--slots", "--no-slots"),
    "use_jinja": ("--jinja", "--no-jinja"),
    "cont_batching": ("--cont-batching -cb", "--no-cont-batching -nocb"),
    "kv_unified": ("--kv-unified -kvu", "--no-kv-unified -no-kvu"),
    "cache_prompt": ("--cache-prompt", "--no-cache-prompt"),
    "cache_idle_slots": ("--cache-idle-slots", "--no-cache-idle-slots"),
    "ctx_shift": ("--context-shift", "--no-context-shift"),
    "warmup": ("--warmup", "--no-warmup"),
    "swa_full": ("--swa-full", ""),
    "escape": ("--escape -e", "--no-escape"),
    "no_perf": ("--no-perf", "--perf"),
    "no_kv_offload": ("--no-kv-offload -nkvo", "--kv-offload -kvo"),
    "no_op_offload": ("--no-op-offload", "--op-offload"),
    "no_extra_bufts": ("--no-repack -nr", "--repack"),
    "no_host": ("--no-host", ""),
    "check_tensors": ("--check-tensors", ""),
    "mmproj_use_gpu": ("--mmproj-offload", "--no-mmproj-offload"),
    "prefill_assistant": ("--prefill-assistant", "--no-prefill-assistant"),
    "force_pure_content_parser": ("--skip-chat-parsing", "--no-skip-chat-parsing"),
    "lora_init_without_apply": ("--lora-init-without-apply", ""),
    "special": ("--special -sp", ""),
    "reuse_port": ("--reuse-port", ""),
    "cors_credentials": ("--cors-credentials", "--no-cors-credentials"),
    "ui": ("--ui --webui", "--no-ui --no-webui"),
    "offline": ("--offline", ""),
    "sampling.ignore_eos": ("--ignore-eos", ""),
    "sampling.backend_sampling": ("--backend-sampling -bs", ""),
    "speculative.draft.backend_sampling": ("--spec-draft-backend-sampling", "--no-spec-draft-backend-sampling"),
}
_FIXED = {
    "--rerank --reranking": (Assignment("embedding", value=True), Assignment("pooling_type", POOLINGS["rank"])),
    "--verbose --log-verbose -v": (Assignment("verbosity", 2**31 - 1),),
    "--mlock": (Assignment("load_mode", LOAD_MODES["mmap+mlock"]),),
    "--mmap": (Assignment("load_mode", LOAD_MODES["mmap"]),),
    "--no-mmap": (Assignment("load_mode", LOAD_MODES["none"]),),
}


def _table() -> dict[str, Flag]:
    readers = {
        **{names: _one(target, _integer) for names, target in _INTEGERS.items()},
        **{names: _one(target, _number) for names, target in _NUMBERS.items()},
        **{names: _one(target, str) for names, target in _TEXTS.items()},
        **{names: _one(target, _choice(choices)) for names, (target, choices) in _CHOICES.items()},
        **_READERS,
    }
    fixed = {
        **{names: (Assignment(target, value=True),) for target, (names, _) in _SWITCHES.items()},
        **{names: (Assignment(target, value=False),) for target, (_, names) in _SWITCHES.items() if names},
        **_FIXED,
    }
    flags = [(names, Flag(read=reader)) for names, reader in readers.items()]
    flags += [(names, Flag(fixed=assignments)) for names, assignments in fixed.items()]
    return {name: flag for names, flag in flags for name in names.split()}


FLAGS: Mapping[str, Flag] = _table()
"""Every flag, in every spelling that llama-server has for it."""
