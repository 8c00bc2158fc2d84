"""The `models` section: weights, engine and settings of each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from remuda.spec.supervision import Hooks, ProcessLimits
from remuda.spec.upstream import Source
from remuda.spec.values import (
    SECTION,
    Bytes,
    Command,
    Count,
    Devices,
    Duration,
    Fields,
    Memory,
    OwnEnvironment,
    Port,
    Ready,
    SetParams,
    Setting,
    Settings,
    StripParams,
    Text,
    Timeout,
    Url,
)

Runtime = Literal["process", "podman", "docker", "systemd", "ray", "external"]
"""How an instance is run."""

Capability = Literal["completion", "chat", "tools", "vision", "audio", "embedding", "reranking", "thinking"]
"""What a model can do."""


class Model(BaseModel):
    """One model: weights, engine and settings. Its key is the model ID that clients send."""

    model_config = SECTION

    name: Text | None = Field(default=None, description="Display name.", examples=["Qwen3.6 27B (INT4, 180K)"])
    source: Source | None = Field(
        default=None,
        description="Recipe of an upstream that gives what the model does not say itself; see `remuda sync`.",
    )
    engine: Text | None = Field(
        default=None, description="Engine that serves the model; `command` if there is `cmd` or `url`."
    )
    runtime: Runtime | None = Field(
        default=None, description="How an instance is run; `external` if there is a `url`, else `process`."
    )
    model: Text | None = Field(
        default=None,
        description="Weights as the engine names them: a path or a hub ID. For the engine `command`, the name that the "
        "server expects in a request; otherwise it is sent the model ID.",
        examples=["Qwen/Qwen3-0.6B-GGUF"],
    )
    served_name: Text | None = Field(
        default=None,
        description="Name that the engine is told to serve the model under, and is sent in requests, instead of the "
        "model ID. For the engine `command`, the name that the server expects, instead of `model`.",
        examples=["qwen3"],
    )
    cmd: Command | None = Field(
        default=None,
        description="Command line of engine `command`: a list, or a text split into words as a shell does (no shell "
        "runs). `${PORT}` and `${MODEL_ID}` are replaced.",
        examples=["whisper-server --port ${PORT}"],
    )
    ready: Ready | None = Field(
        default=None,
        description="Path that answers 200 when the server is ready; `false` if accepting connections is enough.",
        examples=["/health"],
    )
    url: Url | None = Field(
        default=None,
        description="Server that somebody else runs; Remuda forwards to it.",
        examples=["http://10.0.0.7:8000"],
    )
    devices: Devices | None = Field(
        default=None,
        description="Devices of the instance, instead of the engine's. A node (`/dev/…`) that is no GPU of the machine "
        "is given to a container or unit as it is; with nothing else in the list, the model counts as one of the CPU.",
        examples=[["cuda0"]],
    )
    settings: Settings = Field(
        default={},
        description="Flags of the engine as it writes them, without dashes, over the defaults; `null` removes one.",
        examples=[{"max-model-len": 180000}],
    )
    environment: OwnEnvironment = Field(
        default={},
        description="Environment variables, over the engine's; `null` removes one. References are resolved.",
    )
    environment_file: Text | None = Field(
        default=None, description="File of environment variables, loaded after the engine's."
    )
    image: Text | None = Field(
        default=None, description="Container image without tag or digest, instead of the engine's with its tag."
    )
    tag: Text | None = Field(default=None, description="Tag of the image; excludes `digest`.")
    digest: Text | None = Field(default=None, description="Digest of the image (`sha256:…`); excludes `tag`.")
    shm_size: Bytes | None = Field(
        default=None,
        description="Shared memory of the container; 32GiB for engines whose workers share some, else the program's.",
        examples=["32GiB"],
    )
    volumes: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(),
        description="What the container sees of the host, as podman and docker write it. Weights that are a file or "
        "directory here are mounted by themselves.",
        examples=[["/var/cache/vllm:/root/.cache/huggingface"]],
    )
    network: Literal["publish", "host"] = Field(
        default="publish",
        description="`publish` gives the container a network of its own, of which one port is on the host's loopback "
        "address; with `host` it has the host's.",
    )
    steps: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(),
        description="Lines for the shell of the container (`/bin/sh`) that run in it before the engine, in this order; "
        "the first that fails ends it. The shell then makes way for the engine. Nothing in them is replaced by Remuda.",
        examples=[["pip install xxhash", "python3 /patches/timings.py"]],
    )
    executable: Text | None = Field(
        default=None,
        description="Program that runs the engine, instead of the engine's; in a container, its path inside.",
    )
    port: Port | None = Field(
        default=None,
        description="Port of the instance; otherwise a free one is taken at each start; a unit keeps its own.",
    )
    memory: Memory | None = Field(
        default=None,
        description="What an instance needs of each of its devices, or a mapping of device to amount. Without it an "
        "instance counts as filling its devices, unless `residency.sets` names the model.",
        examples=["22GiB"],
    )
    ttl_s: Duration = Field(
        default=None,
        alias="ttl",
        description="Idle time after which the instance is stopped: `15m`, `0` (at once) or `never`, the default.",
    )
    sleep: Literal[1, 2] | None = Field(
        default=None,
        description="vLLM only: make room by sleeping instead of being stopped. `1` keeps the weights in the host's "
        "memory, `2` reads them again. For this Remuda switches on vLLM's sleep mode and its development endpoints.",
        examples=[1],
    )
    keep_cache: bool = Field(
        default=False,
        description="llama.cpp only: what its slots have cached is saved when it is stopped, and restored when it "
        "comes back, so that the same prompts need not be read again.",
    )
    priority: int = Field(
        default=0,
        description="Added to the priority of requests for the model; while it serves, it does not make way for less.",
        examples=[10],
    )
    swappable: bool = Field(
        default=True, description="`false`: it is not evicted for another model; an idle time may still end it."
    )
    preload: bool = Field(default=False, description="Whether it is loaded at the start, if there is room.")
    always_on: bool = Field(
        default=False,
        description="Whether it is loaded at the start and whenever it has ended, and is not evicted or ended as idle.",
    )
    enabled: bool = Field(default=True, description="`false` gives no unit, no route and no claim to a port.")
    unit: Text | None = Field(
        default=None, description="Name of the unit or container; otherwise the model ID.", examples=["qwen3.6-27b"]
    )
    aliases: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(), description="Other names that clients may send."
    )
    strip_params: StripParams = Field(
        default=(), description="Parameters that are taken out of requests.", examples=[["temperature", "top_p"]]
    )
    set_params: SetParams = Field(
        default={},
        description="Parameters that are set in requests, whatever the client sends.",
        examples=[{"temperature": 0.7}],
    )
    timings: bool = Field(
        default=False,
        description="Whether `timings` as llama.cpp has them are added to responses of an engine that has none.",
    )
    on_disconnect: Literal["cancel", "drain"] = Field(
        default="cancel",
        description="What happens to a request whose client has left: it is cancelled at once, or read to its end.",
    )
    capabilities: Annotated[tuple[Capability, ...] | None, Field(strict=False)] = Field(
        default=None, description="What the model can do, for clients that ask; otherwise what the settings tell."
    )
    context_length: Count | None = Field(
        default=None, description="Tokens of context, for clients that ask; otherwise what the settings tell."
    )
    metadata: Mapping[Text, Setting] = Field(
        default={}, description="Anything that `/v1/models` should say about the model.", examples=[{"owner": "me"}]
    )
    upstream_headers: Fields = Field(
        default={},
        description="Header fields of requests to the server, over all others. References are resolved.",
        examples=[{"Authorization": "Bearer ${env:TOKEN}"}],
    )
    unlisted: bool = Field(default=False, description="`true` keeps the model out of lists; it can be asked for.")

    limits: ProcessLimits | None = Field(
        default=None,
        description="What all processes of the instance may use of the host; enforced where cgroups of version 2 are.",
    )
    hooks: Hooks | None = Field(default=None, description="Programs to run around the instance's life.")
    health_timeout_s: Timeout = Field(
        default=None,
        alias="health_timeout",
        description="After how long an instance is ended that neither answers its health path nor sends a byte of any "
        "answer: `2m` for the engines that answer health beside their work, `never` for the engine `command`.",
        examples=["5m"],
    )

    def memory_bytes(self, devices: tuple[str, ...]) -> Mapping[str, int]:
        """The declared memory of each device, in bytes; empty when none is declared."""
        if isinstance(self.memory, int):
            return dict.fromkeys(devices, self.memory)
        return self.memory or {}
