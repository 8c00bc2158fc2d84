from __future__ import annotations

import shlex
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt import docker_run
from remuda.adapt.write import fleet_text, merged
from remuda.plan.check import load_fleet
from tests.adapt.files import said, source

SCRIPT = """\
#!/bin/bash
# serve
set -e
docker pull vllm/vllm-openai:v0.23.0
sudo docker run -d --gpus all \\
  -v ~/.cache/huggingface:/root/.cache/huggingface -v $DATA/x:/x -v ./y:/y \\
  -e HF_TOKEN -e 'A=b "${c}"' -p 8000:8000 --name my_vllm \\
  vllm/vllm-openai:v0.23.0 --model Qwen/Qwen3-8B --served-model-name qwen small
podman run -p 8000:8080 -v "$(pwd)/models:/models" ghcr.io/ggml-org/llama.cpp:server -m /models/q.gguf
podman run -p 3000:3000 docker.io/some/thing:1
"""


def test_a_script() -> None:
    made = docker_run.adapt(source(SCRIPT, HOME="/home/u", DATA="/data"))
    assert made.data["models"] == {
        "qwen": {
            "engine": "vllm",
            "runtime": "docker",
            "image": "vllm/vllm-openai",
            "tag": "v0.23.0",
            "model": "Qwen/Qwen3-8B",
            "devices": ["cuda:all"],
            "port": 8000,
            "volumes": ["/home/u/.cache/huggingface:/root/.cache/huggingface", "/data/x:/x", "/here/y:/y"],
            "environment": {"HF_TOKEN": "${env:HF_TOKEN}", "A": 'b "$${c}"'},
            "aliases": ["small"],
        },
        "q": {
            "engine": "llama-cpp",
            "runtime": "podman",
            "image": "ghcr.io/ggml-org/llama.cpp",
            "tag": "server",
            "model": "/here/models/q.gguf",
            "volumes": ["/here/models:/models"],
        },
    }
    assert made.notes == {
        ("models", "q"): "on port 8000 there, which something else has here",
        ("models", "q", "model"): "/models/q.gguf in the container",
    }
    assert said(made) == [
        "4:1 warning: `docker pull vllm/vllm-openai:v0.23.0` starts no container and is left out",
        "10:1 warning: what the image `docker.io/some/thing` runs is not known, so that it is left out",
    ]
    assert made.places["models", "qwen"].position.line == 5
    load_fleet(fleet_text(made), "remuda.yaml")


def test_what_a_container_may_use_of_the_host_is_the_limits_of_its_model() -> None:
    serve = "vllm/vllm-openai:v0.23.0 --model o/m\n"
    lines = (
        f"docker run -m 32g --cpus=7.5 --name a {serve}podman run --memory=$MOST --name b {serve}"
        f"docker run --memory 0 --cpus all --name c {serve}docker run --memory=much --name d {serve}"
    )
    made = docker_run.adapt(source(lines, MOST="512m"))
    limits = [model.get("limits") for model in made.data["models"].values()]
    assert limits == [{"memory": "32GiB", "cpus": 7.5}, {"memory": "512MiB"}, None, None]
    assert said(made) == [
        "3:1 warning: the limit `all` is left out: expected a number of processors",
        "4:1 warning: the limit `much` is left out: expected a size, as `32g`",
    ]


def test_what_cannot_be_read_is_refused_at_its_place() -> None:
    made = docker_run.adapt(source("\n  docker run --new i\ndocker run -v $NO:/x i\ndocker run 'i"))
    assert said(made) == [
        "2:3 cannot read the line: `--new` is no option of docker's or podman's that is known",
        "3:1 cannot read the line: the variable `NO` has no value here",
        "4:1 cannot read the line: a quote or a bracket in it has no end",
    ]
    assert said(docker_run.adapt(source("hello"))) == [
        "1:1 there is no container of an engine in it: expected `docker run` or `podman run`"
    ]


def test_a_secret_in_a_variable_is_never_written_down() -> None:
    text = (
        'docker run --env "HUGGING_FACE_HUB_TOKEN=$HF_TOKEN" -e A=x${LEN:-8} -e B=$OTHER -v $HOME/c:/c -p $PORT:8000 '
        "vllm/vllm-openai:${TAG:-v1} $MODEL --api-key $API_KEY --max-model-len ${LEN:-8}"
    )
    known = {"HF_TOKEN": "hf_secret", "API_KEY": "sk_secret", "MODEL": "org/m", "PORT": "8001", "HOME": "/home/u"}
    made = docker_run.adapt(source(text, **known))
    assert "secret" not in str(made)
    entry = made.data["models"]["org/m"]
    assert entry["environment"] == {"HUGGING_FACE_HUB_TOKEN": "${env:HF_TOKEN}", "A": "x8", "B": "${env:OTHER}"}
    assert entry["settings"] == {"api-key": "${env:API_KEY}", "max-model-len": 8}
    assert (entry["tag"], entry["port"], entry["volumes"]) == ("v1", 8001, ["/home/u/c:/c"])
    assert said(docker_run.adapt(source("docker run -u $(id -u) i"))) == [
        "1:1 cannot read the line: what it holds is computed when a shell runs it"
    ]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8).map("t{}".format)
ENTRIES = st.fixed_dictionaries(
    {
        "engine": st.just("vllm"),
        "runtime": st.sampled_from(["podman", "docker"]),
        "image": st.just("vllm/vllm-openai"),
        "tag": st.sampled_from(["v0.23.0", "latest"]),
        "model": st.just("org/m"),
    },
    optional={
        "devices": st.sampled_from([["cuda:all"], ["cuda0", "cuda2"]]),
        "port": st.integers(1024, 8079),
        "network": st.just("host"),
        "shm_size": st.sampled_from(["16GiB", 1000]),
        "volumes": st.just(["/a b:/c", "cache:/d:ro"]),
        "settings": st.fixed_dictionaries({"seed": st.integers(0, 9)}, optional={"chat-template": TEXTS}),
        "environment": st.dictionaries(st.sampled_from(["A", "B"]), TEXTS, min_size=1),
    },
)


def line(entry: dict[str, Any]) -> str:
    """How somebody would write the entry who knows `docker run`."""
    words = [entry["runtime"], "run", "--rm"]
    words += ["--gpus", {1: "all"}.get(len(entry["devices"]), '"device=0,2"')] if "devices" in entry else []
    words += ["-p", f"{entry['port']}:8000"] if "port" in entry else []
    words += ["--network", "host"] if "network" in entry else []
    words += ["--shm-size", {"16GiB": "16g"}.get(entry["shm_size"], "1000")] if "shm_size" in entry else []
    words += [word for volume in entry.get("volumes", ()) for word in ("-v", volume)]
    words += [word for name, text in entry.get("environment", {}).items() for word in ("-e", f"{name}={text}")]
    words += [f"{entry['image']}:{entry['tag']}", entry["model"]]
    words += [f"--{name}={text}" for name, text in entry.get("settings", {}).items()]
    return shlex.join(words)


@given(ENTRIES)
def test_what_is_written_as_a_line_is_imported(entry: dict[str, Any]) -> None:
    made = docker_run.adapt(source(line(entry)))
    found = dict(made.data["models"]["org/m"])
    assert found.pop("unit") == "org-m"
    assert {key: _plain(value) for key, value in found.items()} == entry
    assert not made.remarks


def _plain(value: Any) -> Any:
    """Texts as they were before they became texts of a fleet file."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.replace("$$", "$") if isinstance(value, str) and ("$${" in value or "$$$$" in value) else value


def test_a_script_inside_of_the_container_becomes_steps() -> None:
    text = "docker run --entrypoint bash vllm/vllm-openai:v0.23.0 -c 'pip install xxhash && exec vllm serve org/m'"
    made = docker_run.adapt(source(text))
    fleet, _, _ = load_fleet(fleet_text(made), "remuda.yaml")
    assert fleet.models["org/m"].steps == ("pip install xxhash",)
    assert fleet.models["org/m"].engine == "vllm"


def test_many_models_take_little_time() -> None:
    text = "".join(
        f"docker run --gpus all -p {9000 + n}:8000 vllm/vllm-openai:v1 --model org/m{n}\n" for n in range(500)
    )
    begun = time.process_time()
    made = docker_run.adapt(source(text))
    written = fleet_text(made)
    assert len(merged("models: {old: {url: http://x}}\n", "remuda.yaml", made).text) > len(written) / 2
    assert time.process_time() - begun < 6  # alone 2 s with all that, on one slow core
