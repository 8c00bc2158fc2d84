"""The `engines` section: what holds for every model of an engine.

The keys from `cache_dir` on are those of llmhop's `services.llmhop.<engine>`: whose units the models become, and what
these are given. They have no part in what `remuda up` runs.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from remuda.spec.values import SECTION, AccountId, Count, Devices, Environment, Settings, Text


class EngineDefaults(BaseModel):
    """Defaults for every model of one engine. What begins with `Units` is for `remuda render` only."""

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

    cache_dir: Text | None = Field(
        default=None,
        description="Units: directory of the host for what the engine downloads; `/var/cache/<engine>`, for a unit "
        "without a container `/var/cache/remuda/<engine>`, or your own cache where there is no `user` and no `uid`.",
        examples=["/var/cache/vllm"],
    )
    user: Text | None = Field(
        default=None,
        description="Units: the user whose they are. With `uid`, the engine's name, and then that user is made; any "
        "other has to be there. `root` makes them the system's. Without both they are for whoever installs them.",
        examples=["root"],
    )
    group: Text | None = Field(default=None, description="Units: primary group of the user; the user's name.")
    uid: AccountId | None = Field(default=None, description="Units: the number of the user.", examples=[503])
    gid: AccountId | None = Field(default=None, description="Units: the number of the group; that of the user.")
    data_dir: Text | None = Field(
        default=None,
        description="Units: home of the user, where podman keeps images; `/var/lib/<user>`. Needs to bear overlayfs.",
        examples=["/var/lib/vllm"],
    )
    sub_uid_start: AccountId | None = Field(
        default=None,
        description="Units: first of the host's numbers that stand for the users in the containers.",
        examples=[300000],
    )
    sub_uid_count: Count = Field(default=65536, description="Units: how many numbers these are.")
    sub_gid_start: AccountId | None = Field(
        default=None, description="Units: the same for groups; as for users, unless given."
    )
    sub_gid_count: Count | None = Field(default=None, description="Units: how many; as for users, unless given.")
    open_files_limit: Count = Field(default=1048576, description="Units: how many files an engine may have open.")
    startup_ordering: bool = Field(
        default=True,
        description="Units: whether models start one after the other by their ports, since engines that measure free "
        "memory at the same time each find all of it free.",
    )
