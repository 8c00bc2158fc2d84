"""What `container inspect` says, of either program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from remuda.errors import EffectError


@dataclass(frozen=True, slots=True)
class State:
    """A container as it was a moment ago.

    `pid` is its first process on this machine, 0 when it does not run. `exit_code` means something once it has run;
    `is_out_of_memory` says that the kernel ended it at its memory limit. With `is_on_host_network` it listens on the
    machine itself, otherwise what it publishes does.
    """

    id: str
    pid: int
    exit_code: int
    is_out_of_memory: bool
    is_on_host_network: bool
    labels: Mapping[str, str]


class _State(msgspec.Struct, rename="pascal"):
    pid: int
    exit_code: int
    is_out_of_memory: bool = msgspec.field(name="OOMKilled", default=False)


class _Config(msgspec.Struct, rename="pascal"):
    labels: dict[str, str] | None = None


class _HostConfig(msgspec.Struct, rename="pascal"):
    network_mode: str = ""


class _Container(msgspec.Struct, rename="pascal"):
    id: str
    state: _State
    config: _Config
    host_config: _HostConfig

    def as_state(self) -> State:
        return State(
            id=self.id,
            pid=self.state.pid,
            exit_code=self.state.exit_code,
            is_out_of_memory=self.state.is_out_of_memory,
            is_on_host_network=self.host_config.network_mode == "host",
            labels=self.config.labels or {},
        )


def parse(text: str) -> list[State]:
    """The containers of one answer. Raises EffectError when it is none."""
    try:
        found = msgspec.json.decode(text, type=list[_Container])
    except msgspec.MsgspecError as error:
        message = f"cannot understand what the container program says of a container: {error}"
        raise EffectError(message) from error
    return [one.as_state() for one in found]
