"""Rendered units on a real machine with podman 5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from remuda.edge.rendered import write
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.quadlet import target
from tests import booted_machine
from tests.booted_machine import Machine

AWKWARD = 'a $$b 50% \\"c\\" \\\\'
FLEET = """
engines: {{command: {{{account}, environment: {{TOKEN: "${{file:/shared/token}}", ODD: "{awkward}"}}}}}}
models:
  one: {{{common}, port: {port}}}
  two: {{{common}, port: {next_port}}}
lint: {{model_ids: "off"}}
"""
COMMON = (
    'cmd: ["httpd", "-f", "-p", "127.0.0.1:${PORT}", "-h", "/www"], runtime: podman, network: host, '
    'image: localhost/x, tag: "1", devices: [cpu]'
)

pytestmark = booted_machine.NEEDED


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine sees at `/shared`: the image, a secret, and a fleet of each kind, rendered."""
    directory = tmp_path_factory.mktemp("shared")
    directory.chmod(0o755)
    booted_machine.write_image(directory)
    (directory / "token").write_text("s3cret-marker\n")
    for kind, account, port in (("system", "user: root", 18101), ("user", "uid: 503, sub_uid_start: 300000", 18111)):
        text = FLEET.format(account=account, awkward=AWKWARD, common=COMMON, port=port, next_port=port + 1)
        fleet, _, _ = load_fleet(text, "remuda.yaml")
        write(directory / kind, "quadlet", target.render(Request(fleet)))
    return directory


@pytest.fixture(scope="module")
def machine(shared: Path) -> Iterator[Machine]:
    with booted_machine.booted(shared) as found:
        found.run("podman", "import", "/shared/image.tar", "localhost/x:1")
        yield found


def test_units_of_the_system(machine: Machine) -> None:
    machine.run("/shared/system/prepare", "--apply")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "command-one.service", "command-two.service")
    environment = machine.run("podman", "exec", "systemd-command-one", "env").splitlines()
    assert {"TOKEN=s3cret-marker", 'ODD=a $b 50% "c" \\'} <= set(environment)
    assert started_in_order(machine, "systemctl")
    machine.run("systemctl", "stop", "command-one.service", "command-two.service")
    assert "everything is prepared" in machine.run("/shared/system/prepare", "--apply")


def test_units_of_a_user_of_their_own(machine: Machine) -> None:
    machine.run("/shared/user/prepare", "--apply")
    own = ["runuser", "-u", "command", "--", "env", "-C", "/", "XDG_RUNTIME_DIR=/run/user/503"]
    machine.run(*own, "podman", "import", "/shared/image.tar", "localhost/x:1")
    manager = ("systemctl", "--user", "-M", "command@")
    machine.run(*manager, "daemon-reload")
    machine.run(*manager, "start", "command-one.service", "command-two.service")
    assert "TOKEN=s3cret-marker" in machine.run(*own, "podman", "exec", "systemd-command-two", "env").splitlines()
    assert started_in_order(machine, *manager)
    machine.run(*manager, "stop", "command-one.service", "command-two.service")
    assert "everything is prepared" in machine.run("/shared/user/prepare", "--apply")


def moment(machine: Machine, manager: Sequence[str], unit: str, event: str) -> int:
    """When something happened to a unit, in microseconds since the machine came up."""
    return int(machine.run(*manager, "show", "-P", f"{event}TimestampMonotonic", unit))


def started_in_order(machine: Machine, *manager: str) -> bool:
    """Whether the second unit was not even begun before the first was ready."""
    ready = moment(machine, manager, "command-one.service", "ActiveEnter")
    return 0 < ready <= moment(machine, manager, "command-two.service", "InactiveExit")
