"""The keys of a model about its life as a process: `limits` and `hooks`."""

from __future__ import annotations

from pydantic import BaseModel, Field

from remuda.spec.values import SECTION, Bytes, Command, Cpus, Timeout


class ProcessLimits(BaseModel):
    """What all processes of an instance may use of the host together."""

    model_config = SECTION

    memory: Bytes | None = Field(
        default=None,
        description="Memory of the host; an instance that reaches it is ended by the kernel.",
        examples=["32GiB"],
    )
    cpus: Cpus | None = Field(default=None, description="Processors' worth of time.", examples=[7.5])


class Hooks(BaseModel):
    """Programs to run around an instance's life: argv as in `cmd`, in the directory of the fleet file."""

    model_config = SECTION

    before_load: Command | None = Field(
        default=None,
        description="Before the engine is started; if it fails, the engine is not, and its output is the reason.",
        examples=["systemctl --user stop comfyui"],
    )
    after_load: Command | None = Field(default=None, description="Once the instance can serve.")
    before_unload: Command | None = Field(default=None, description="Before the engine is stopped.")
    after_unload: Command | None = Field(
        default=None, description="Once nothing of the engine is left, however it ended."
    )
    timeout_s: Timeout = Field(
        default=30.0,
        alias="timeout",
        description="How long each may take; then it is killed, and has failed.",
        json_schema_extra={"default": "30s"},
    )
