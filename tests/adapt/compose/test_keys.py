import json
from typing import Any

import pytest

from remuda.adapt.compose import keys
from remuda.adapt.compose.tree import Report
from tests.adapt.compose.files import said, service

EVERY = """annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs container_name
cpu_count cpu_percent cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset credential_spec
depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment
expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels
links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks
oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop privileged profiles provider
pull_policy pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open
stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes
volumes_from working_dir"""
"""The keys of a service by compose's schema."""


def account(content: dict[str, Any]) -> list[str]:
    found, _ = service(json.dumps({"services": {"s": content}}))
    report = Report()
    keys.account(found, report)
    return said(report)


@pytest.mark.parametrize("key", EVERY.split())
def test_every_key_of_compose_is_known(key: str) -> None:
    assert not any("no key of compose" in message for message in account({key: "x"}))


def test_what_is_left_out_is_said_with_its_reason() -> None:
    assert account({"logging": {"driver": "x"}, "odd": 1, "x-mine": 1, "tty": True}) == [
        "compose.yaml:1: `logging` is left out: Remuda keeps the logs of engines itself",
        "compose.yaml:1: `odd` is left out: it is no key of compose",
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"], "init": True},
        {"networks": ["default"], "privileged": False, "pull_policy": "missing"},
        {"deploy": {"resources": {"limits": {"memory": "1g"}, "reservations": {"devices": []}}}},
    ],
)
def test_what_is_so_anyhow_is_not_said(content: dict[str, Any]) -> None:
    assert account(content) == []


def test_the_rest_of_deploy_is_said() -> None:
    deploy = {"replicas": 2, "resources": {"limits": {"pids": 1}}}
    assert account({"deploy": deploy}) == [
        "compose.yaml:1: `deploy.replicas` is left out: it is for many machines, or Remuda has no word for it",
        "compose.yaml:1: `limits.pids` is left out: it is for many machines, or Remuda has no word for it",
    ]
