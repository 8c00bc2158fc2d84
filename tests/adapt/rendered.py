"""Fleets for round trips: what compose files and units can express, as an import writes it."""

from typing import Any

from hypothesis import strategies as st


def in_fleet(text: str) -> str:
    return text.replace("$", "$$") if "$$" in text or "${" in text else text


NASTY = st.sampled_from(
    ["a", "a b", "$x", "${y}", "$$", "100%", "%h", 'say "hi"', "it's", "a\\b", "é", "#x", "a=b", "-x"]
)
NAMES = st.sampled_from(["chat", "qwen3-0.6b", "m.1", "big"])
CACHES = {"vllm": "/root/.cache/huggingface", "llama-cpp": "/root/.cache/llama.cpp"}
SECRETS = {
    "docker": st.sampled_from(["${file:/etc/k e/y}", "a-${file:/etc/key}-b", "${env:X_KEY}", "$$${env:X_KEY}'"]),
    "podman": st.sampled_from(["${cred:key}", "${cred:other}"]),
}
IMAGES = {
    "vllm": {"image": "docker.io/vllm/vllm-openai", "tag": "v0.23.0"},
    "llama-cpp": {"image": "ghcr.io/ggml-org/llama.cpp", "tag": "server-cuda-b9123"},
}
SETTINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "vllm": st.fixed_dictionaries(
        {},
        optional={
            "max-model-len": st.integers(1, 10**6),
            "gpu-memory-utilization": st.sampled_from([0.5, 0.92]),
            "enable-prefix-caching": st.booleans(),
            "chat-template": NASTY.filter(lambda text: not text.startswith("-")).map(in_fleet),
            "speculative-config": st.fixed_dictionaries(
                {"method": st.just("mtp"), "num_speculative_tokens": st.just(3)}
            ),
        },
    ),
    "llama-cpp": st.fixed_dictionaries(
        {},
        optional={
            "ctx-size": st.integers(1, 10**6),
            "n-gpu-layers": st.integers(0, 99),
            "jinja": st.sampled_from([True]),
        },
    ),
}


@st.composite
def _model(draw: st.DrawFn, runtime: str, port: int) -> dict[str, Any]:
    engine = draw(st.sampled_from(["vllm", "llama-cpp"]))
    names = st.sampled_from(["OMP_NUM_THREADS", "NCCL_CUMEM_ENABLE"])
    variables = draw(st.dictionaries(names, NASTY.map(in_fleet), max_size=2))
    secrets = draw(st.dictionaries(st.sampled_from(["HF_TOKEN", "Y"]), SECRETS[runtime], max_size=2))
    keys = {"api-key": draw(SECRETS[runtime])} if runtime == "docker" and draw(st.booleans()) else {}
    drawn = {
        "settings": {**draw(SETTINGS[engine]), **keys},
        "environment_file": draw(st.sampled_from([None, "/etc/vllm/.env"])),
        "environment": {**variables, **secrets},
        "steps": draw(st.sampled_from([None, ["pip install xxhash -q", "python3 '/patches/a b.py'"]])),
        "limits": draw(st.sampled_from([None, {"memory": "32GiB", "cpus": 7.5}])),
    }
    return {
        "engine": engine,
        "runtime": runtime,
        **IMAGES[engine],
        "model": "org/name",
        "devices": ["cuda:all"],
        "port": port,
        "volumes": [f"/srv/cache:{CACHES[engine]}"],
        **{key: value for key, value in drawn.items() if value not in (None, {})},
    }


@st.composite
def fleets(draw: st.DrawFn, runtime: str) -> dict[str, Any]:
    """A fleet whose models all have what the target gives them anyhow, so that nothing is added."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return {"models": {name: draw(_model(runtime, 18000 + place)) for place, name in enumerate(sorted(names))}}
