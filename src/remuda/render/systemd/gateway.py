"""The gateway as units: a socket that systemd opens, and Remuda behind it, which starts and stops the models' units.

The socket is open before the gateway is, and stays open while it is replaced, so nobody is turned away. The engines are
units of their own and not its children; what it needs of the machine is the bus of its manager and, where there are
NVIDIA's cards, their nodes, for the driver's library to tell how much of their memory is free.

Of a fleet file that names secrets by `${file:…}` the files become credentials, which Remuda looks for under the same
names (`remuda.edge.secrets`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from remuda.errors import Problem, SpecError, UnsatisfiableError
from remuda.quoting.systemd import command, setting, variables, words
from remuda.quoting.unit_file import Section
from remuda.render import needs
from remuda.render.contract import Request
from remuda.render.systemd import hardening
from remuda.render.systemd.credential import credential, loaded
from remuda.render.systemd.device import NVIDIA
from remuda.render.systemd.service_manager import Manager
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.listen import Listen, authority

NAME = "remuda"
USER = "remuda"

_BACKLOG = 2048
_STOP_S = 120
_LOGS = PurePosixPath("/var/log")
_LOCALHOST = ("127.0.0.1", "::1")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Gateway:
    """All that decides its units."""

    request: Request
    manager: Manager


def socket(gateway: Gateway) -> tuple[Section, ...]:
    """The sections of the socket's unit."""
    return (
        ("Unit", (("Description", "Remuda's address"),)),
        ("Socket", tuple(_socket(gateway.request.fleet.gateway.listen))),
        ("Install", (("WantedBy", "sockets.target"),)),
    )


def service(gateway: Gateway) -> tuple[Section, ...]:
    """The sections of the service's unit; raises SpecError for a value that cannot be written."""
    after = ("network-online.target",) if gateway.manager.is_system else ()
    unit = (
        ("Description", "Remuda, the gateway to language models"),
        *(("Wants", name) for name in after),
        ("Requires", f"{NAME}.socket"),
        ("After", " ".join((f"{NAME}.socket", *after))),
    )
    install = (("WantedBy", gateway.manager.boot), ("Also", f"{NAME}.socket"))
    return ("Unit", unit), ("Service", tuple(_service(gateway))), ("Install", install)


def problems(request: Request) -> Iterator[Problem]:
    """What keeps the gateway from being a unit."""
    fleet = request.fleet
    yield from needs.problems(fleet)
    for path, reference in needs.references_of(fleet):
        try:
            credential(reference)
        except SpecError as error:
            yield Problem(error.message, path, hint=error.hint)
    if not _addresses(fleet.gateway.listen):
        message = f"`gateway.listen` has the name `{fleet.gateway.host}`, and systemd opens sockets at addresses only"
        yield Problem(message, ("gateway", "listen"), hint="write the address, or `0.0.0.0` for all of the machine")
    for model in request.models():
        if model.entry.hooks is not None:
            where: Path = ("models", model.model_id, "hooks")
            message = f"{label(where)} run inside of `{NAME}.service`, which may do little"
            yield Problem(message, where, hint="allow what they do in a drop-in of that unit", severity="warning")


def _addresses(listen: Listen) -> tuple[str, ...]:
    """The addresses of a host; none for a name that would have to be looked up."""
    if listen.host == "localhost":
        return _LOCALHOST
    try:
        ipaddress.ip_address(listen.host)
    except ValueError:
        return ()
    return (listen.host,)


def _socket(listen: Listen) -> Iterator[Key]:
    for address in _addresses(listen):
        yield "ListenStream", authority(address, listen.port)
    yield "BindIPv6Only", "ipv6-only"
    if not listen.is_loopback:
        yield "FreeBind", "yes"  # an address that the machine does not have yet while it boots
    yield "Backlog", str(_BACKLOG)


def _service(gateway: Gateway) -> Iterator[Key]:
    request, manager = gateway.request, gateway.manager
    file = "/etc/remuda/remuda.yaml" if manager.is_system else "%E/remuda/remuda.yaml"
    only = [word for model_id in sorted(request.only) for word in ("--only", model_id)]
    yield "Type", "notify"
    yield "ExecStart", " ".join((command((str(request.program), "up", "--file")), file, words(only))).rstrip()
    yield "ExecReload", "/bin/sh -c 'kill -HUP $MAINPID'"  # the program `kill` is a package of its own
    references = dict.fromkeys(reference for _, reference in needs.references_of(request.fleet))
    for value in sorted({loaded(reference, manager) for reference in references}):
        yield "LoadCredential", value
    yield "Restart", "on-failure"
    yield "RestartSec", "2"
    yield "RestartPreventExitStatus", f"{SpecError.exit_code} {UnsatisfiableError.exit_code}"
    yield "TimeoutStopSec", str(_STOP_S)
    yield "LimitNOFILE", "65536"
    yield from hardening.of_gateway(is_system=manager.is_system)
    if manager.is_system:
        yield from _of_system(request)


def _of_system(request: Request) -> Iterator[Key]:
    yield "User", USER
    yield "SupplementaryGroups", "systemd-journal"  # to follow what engines say
    yield "RuntimeDirectory", NAME
    yield "RuntimeDirectoryMode", "0700"
    yield "RuntimeDirectoryPreserve", "yes"  # what says which engines are its own outlives it, as they do
    yield "StateDirectory", NAME
    yield "StateDirectoryMode", "0700"
    yield "WorkingDirectory", f"/var/lib/{NAME}"
    places = {"HOME": f"/var/lib/{NAME}", "XDG_RUNTIME_DIR": f"/run/{NAME}", "XDG_STATE_HOME": "/var/lib"}
    yield "Environment", variables(places)
    log = request.fleet.gateway.access_log
    if log is not None and log != "-":
        yield _logs(PurePosixPath(log).parent)
    models = request.models()
    yield hardening.homes((str(request.program), *(model.entry.model or "" for model in models)))
    yield from hardening.devices(_cards([name for model in models for name in model.devices or ()]))


def _logs(directory: PurePosixPath) -> Key:
    """The directory of the access log, which the manager makes where logs usually are."""
    if directory.is_relative_to(_LOGS) and directory != _LOGS:
        return "LogsDirectory", setting(str(directory.relative_to(_LOGS)))
    return "ReadWritePaths", setting(str(directory))


def _cards(selectors: Sequence[str]) -> tuple[str, ...]:
    return (NVIDIA,) if any(name.startswith("cuda") for name in selectors) else ()
