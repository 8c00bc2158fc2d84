"""What becomes of every key of a service: taken over, the same here by itself, or left out with a reason.

Source of the keys: schema/compose-spec.json of compose-spec/compose-go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from remuda.adapt.compose.tree import Report, Value

TAKEN: Final = frozenset(
    {
        *(
            "image",
            "command",
            "entrypoint",
            "environment",
            "env_file",
            "volumes",
            "configs",
            "secrets",
            "gpus",
            "devices",
        ),
        *("ports", "shm_size", "ipc", "network_mode", "container_name", "healthcheck", "profiles", "restart", "user"),
        *("working_dir", "mem_limit", "cpus", "runtime", "extends", "depends_on", "deploy"),
    }
)
"""Keys that other modules read; they say themselves what they leave out."""

_NO_EFFECT: Final = frozenset(
    {
        *("init", "expose", "attach", "tty", "stdin_open", "scale", "annotations", "stop_signal", "stop_grace_period"),
    }
)
"""Keys that change nothing that is served, or that say what Remuda does anyhow."""

_KEPT_SAFE: Final = "Remuda's containers have the rights that an engine needs"
_ONE_PORT: Final = "an engine is reached by one port of the host, and needs no names of others"
_LIMITED: Final = "write `limits` for what an engine may use"

_REASONS: Final[Mapping[str, str]] = {
    "build": "Remuda builds no images: build it, and name it in `image`",
    "labels": "Remuda's containers have its own labels",
    "label_file": "Remuda's containers have its own labels",
    "logging": "Remuda keeps the logs of engines itself",
    "pull_policy": "images are pulled where they are missing",
    "pull_refresh_after": "images are pulled where they are missing",
    "platform": "images are those of the machine",
    "post_start": "write `hooks` for programs around an engine's life",
    "pre_start": "write `hooks` for programs around an engine's life",
    "pre_stop": "write `hooks` for programs around an engine's life",
    "models": "this is a model of Docker Model Runner, not a server",
    "provider": "somebody else than docker would run it",
    "develop": "nothing is rebuilt here",
    "credential_spec": "it is for Windows",
    "isolation": "it is for Windows",
    "cpu_count": "it is for Windows",
    "cpu_percent": "it is for Windows",
    "tmpfs": "the fleet's form of mounts has no word for it",
    "volumes_from": "write the volumes of the other service",
    "storage_opt": "the fleet's form of mounts has no word for it",
    "sysctls": "the kernel's settings stay the machine's",
    "ulimits": "write `open_files_limit` for the engine where units are rendered",
    "use_api_socket": "whoever has docker's socket is root on the machine",
    **dict.fromkeys(("networks", "links", "external_links", "extra_hosts", "mac_address", "hostname"), _ONE_PORT),
    **dict.fromkeys(("dns", "dns_opt", "dns_search", "domainname"), _ONE_PORT),
    **dict.fromkeys(("cap_add", "privileged", "device_cgroup_rules", "group_add", "userns_mode", "pid"), _KEPT_SAFE),
    **dict.fromkeys(("uts", "cgroup", "cgroup_parent", "read_only", "cap_drop", "security_opt"), _KEPT_SAFE),
    **dict.fromkeys(("cpuset", "cpu_shares", "cpu_quota", "cpu_period", "cpu_rt_period", "cpu_rt_runtime"), _LIMITED),
    **dict.fromkeys(("mem_reservation", "mem_swappiness", "memswap_limit", "pids_limit", "blkio_config"), _LIMITED),
    **dict.fromkeys(("oom_kill_disable", "oom_score_adj"), _LIMITED),
}

_IS_ANYHOW: Final[Mapping[str, Callable[[Value], bool]]] = {
    "cap_drop": lambda value: bool(value.items),
    "security_opt": lambda value: all(item.text.startswith("no-new-privileges") for item in value.items),
    "pull_policy": lambda value: value.text in ("missing", "if_not_present"),
    "networks": lambda value: set(value.pairs) | {item.text for item in value.items} <= {"default"},
    "privileged": lambda value: not value.is_true,
    "read_only": lambda value: not value.is_true,
}
"""Values of keys that say what Remuda does anyhow."""

_DEPLOY: Final[Mapping[str, frozenset[str]]] = {
    "deploy": frozenset({"resources", "mode"}),
    "resources": frozenset({"limits", "reservations"}),
    "limits": frozenset({"cpus", "memory"}),
    "reservations": frozenset({"devices", "cpus", "memory"}),
}


def account(service: Value, report: Report) -> None:
    """Say of every key that is not taken over why."""
    for key, value in service.pairs.items():
        if key in TAKEN or key in _NO_EFFECT or key.startswith("x-") or value.data in (None, (), {}):
            continue
        if key in _IS_ANYHOW and _IS_ANYHOW[key](value):
            continue
        report.warn(value, f"`{key}` is left out: {_REASONS.get(key, 'it is no key of compose')}")
    _account_deploy("deploy", service.get("deploy"), report)


def _account_deploy(name: str, section: Value, report: Report) -> None:
    for key, value in section.pairs.items():
        if key not in _DEPLOY[name]:
            report.warn(value, f"`{name}.{key}` is left out: it is for many machines, or Remuda has no word for it")
        elif key in _DEPLOY:
            _account_deploy(key, value, report)
