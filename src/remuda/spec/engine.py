"""The `engines` section: what holds for every model of an engine."""

from __future__ import annotations

from pydantic import BaseModel, Field

from remuda.spec.values import SECTION, Devices, Environment, Settings, Text


class EngineDefaults(BaseModel):
    """Defaults for every model of one engine."""

    model_config = SECTION

    image: Text | None = Field(
        default=None, description="Container image without tag or digest.", examples=["docker.io/vllm/vllm-openai"]
    )
    tag: Text | None = Field(default=None, description="Tag of the image; excludes `digest`.", examples=["v0.23.0"])
    digest: Text | None = Field(default=None, description="Digest of the image (`sha256:…`); excludes `tag`.")
    devices: Devices | None = Field(
        default=None, description="Devices of models that name none.", examples=[["cuda:all"]]
    )
    environment: Environment = Field(
        default={}, description="Environment variables; a model's own come over them. References are resolved."
    )
    environment_file: Text | None = Field(
        default=None, description="File of environment variables, loaded before the model's."
    )
    settings: Settings = Field(
        default={},
        description="Flags of the engine as it writes them, without dashes; a model's own come over them.",
        examples=[{"gpu-memory-utilization": 0.92}],
    )
    executable: Text | None = Field(default=None, description="Program that runs the engine, a path or a name.")
