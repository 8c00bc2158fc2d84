"""Fleets of what llama-swap can express, written as its renderer's counterpart would read them back."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from remuda.adapt import naming
from remuda.spec.reference import literal

YES = st.booleans().map(lambda _: True)
NO = YES.map(lambda _: False)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,8}", fullmatch=True)
TEXTS = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), include_characters="\n\t", exclude_characters="\ue000\ue001\ue002\ue003"
    ),
    max_size=12,
)
"""Any text, but for the marks that the adapter keeps to itself."""
SAFE = TEXTS.filter(lambda text: "${" not in text)
PARAMETERS = st.from_regex(r"[a-z][a-z0-9_]{2,8}", fullmatch=True).filter(lambda name: name not in ("model", "stream"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | SAFE,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(SAFE, inner, max_size=2),
    max_leaves=4,
)
ENVIRONMENTS = st.dictionaries(
    st.from_regex(r"X_?[A-Za-z0-9_]{0,6}", fullmatch=True),
    SAFE.map(literal) | st.just("${env:SECRET}"),
    min_size=1,
    max_size=2,
)
COMMON = {
    "name": SAFE.filter(lambda text: text != ""),
    "ttl": st.integers(1, 10**6).map(lambda seconds: f"{seconds}s"),
    "strip_params": st.lists(PARAMETERS, unique=True, min_size=1, max_size=2).map(sorted),
    "set_params": st.dictionaries(PARAMETERS, VALUES, min_size=1, max_size=2),
    "metadata": st.dictionaries(SAFE, VALUES, min_size=1, max_size=2),
    "unlisted": YES,
    "preload": YES,
    "priority": st.integers(1, 9),
    "environment": ENVIRONMENTS,
}
LLAMA_CPP = st.fixed_dictionaries(
    {"engine": st.just("llama-cpp"), "model": st.from_regex(r"/m/[a-z ]{1,8}\.gguf", fullmatch=True)},
    optional={
        **COMMON,
        "served_name": st.just("served"),
        "settings": st.fixed_dictionaries(
            {},
            optional={
                "ctx-size": st.integers(512, 65536),
                "temp": st.floats(0.1, 2).map(lambda number: round(number, 3)),
                "jinja": YES,
                "mmap": NO,
                "chat-template": TEXTS.filter(lambda text: text != "").map(lambda text: literal(f"t {text}")),
            },
        ).filter(bool),
    },
)
VLLM = st.fixed_dictionaries(
    {"engine": st.just("vllm"), "model": st.just("org/weights")},
    optional={
        **COMMON,
        "settings": st.fixed_dictionaries(
            {"max-model-len": st.integers(512, 65536)},
            optional={
                "hf-overrides": st.dictionaries(st.sampled_from("ab"), st.booleans() | st.integers(0, 9), min_size=1),
                "enforce-eager": YES,
                "enable-prefix-caching": NO,
                "gpu-memory-utilization": st.just(0.87),
            },
        ),
    },
)
CONTAINERS = st.fixed_dictionaries(
    {
        "engine": st.just("vllm"),
        "runtime": st.sampled_from(("podman", "docker")),
        "image": st.just("docker.io/vllm/vllm-openai"),
        "tag": st.just("v0.10.2"),
        "model": st.sampled_from(("org/weights", "/srv/weights")),
    },
    optional={
        **COMMON,
        "devices": st.just(["cuda:all"]),
        "volumes": st.just(["cache:/root/.cache", "/srv/patches:/patches:ro"]),
        "network": st.just("host"),
        "shm_size": st.just("1GiB"),
        "settings": st.just({"max-model-len": 4096}),
    },
)
COMMANDS = st.fixed_dictionaries(
    {"cmd": st.lists(TEXTS.map(literal), max_size=3).map(lambda words: ["/opt/server", *words, "--port", "${PORT}"])},
    optional={
        **COMMON,
        "ready": NO | st.just("/up"),
        "served_name": st.just("served"),
        "capabilities": st.just(["reranking"]),
        "context_length": st.integers(1, 10**6),
    },
)
PEERS = st.fixed_dictionaries(
    {"url": st.just("http://10.0.0.7:8000") | st.just("https://far.example/llm")},
    optional={
        "strip_params": COMMON["strip_params"],
        "set_params": COMMON["set_params"],
        "upstream_headers": st.just({"Authorization": "Bearer ${env:FAR}"}),
    },
)

LOCAL: st.SearchStrategy[dict[str, Any]] = st.one_of(LLAMA_CPP, VLLM, CONTAINERS, COMMANDS)


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Any]:
    """The data of a fleet file."""
    local: dict[str, dict[str, Any]] = draw(st.dictionaries(NAMES, LOCAL, min_size=1, max_size=4))
    peers = draw(st.dictionaries(NAMES.filter(lambda name: name not in local), PEERS, max_size=2))
    for model_id, entry in local.items():
        if unit := naming.unit(model_id, entry):
            entry["unit"] = unit
    models = {**local, **peers}
    free = draw(st.lists(NAMES.filter(lambda name: name not in models), unique=True, min_size=4, max_size=4))
    fleet: dict[str, Any] = {"models": models, "routes": draw(_routes(list(local), free[:3]))}
    if draw(st.booleans()):
        local[draw(st.sampled_from(sorted(local)))]["aliases"] = [free[3]]
    engines = sorted(name for name in local if "cmd" not in local[name])  # a rendered command has the number in it
    if draw(st.booleans()) and engines:
        local[draw(st.sampled_from(engines))]["port"] = draw(st.integers(10000, 65535))
    keys: list[dict[str, Any]] = [
        {"name": f"key{number}", "secret": f"${{env:K{number}}}", "admin": True} for number in (1, 2)
    ]
    fleet["gateway"] = {"keys": keys[: draw(st.integers(0, 2))], "limits": {"queue": draw(st.integers(1, 2000))}}
    fleet["residency"] = draw(_groups(sorted(local)) | _sets(sorted(local)))
    return fleet


@st.composite
def _routes(draw: st.DrawFn, models: list[str], names: list[str]) -> dict[str, Any]:
    some = st.lists(st.sampled_from(models), unique=True, min_size=1)
    forms = st.one_of(
        st.builds(
            lambda model, params: {"model": model, "set_params": params},
            st.sampled_from(models),
            st.dictionaries(PARAMETERS, VALUES, min_size=1, max_size=2),
        ),
        some.map(lambda targets: {"warm": targets}),
        st.builds(lambda model, at: {"spillover": [model], "at": at}, st.sampled_from(models), st.integers(1, 9)),
    )
    return {name: draw(forms) for name in names[: draw(st.integers(0, 3))]}


@st.composite
def _groups(draw: st.DrawFn, models: list[str]) -> dict[str, Any]:
    flags = st.fixed_dictionaries({key: st.booleans() for key in ("swap", "exclusive", "persistent")})
    cut = draw(st.integers(1, len(models)))
    parts = {"first": models[:cut], "the others": models[cut:]}
    return {"groups": {name: {"members": members, **draw(flags)} for name, members in parts.items() if members}}


@st.composite
def _sets(draw: st.DrawFn, models: list[str]) -> dict[str, Any]:
    leaves = st.sampled_from(models)
    expressions = st.recursive(
        leaves, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("&|"), inner), max_leaves=4
    )
    sets = {"one": draw(expressions), "t:wo": f"+one | {draw(expressions)}"}
    costs = draw(st.dictionaries(leaves, st.integers(1, 99), max_size=2))
    named = {model: cost for model, cost in costs.items() if any(model in text.split() for text in sets.values())}
    return {"sets": sets, **({"evict_costs": named} if named else {})}
