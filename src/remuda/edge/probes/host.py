"""What is true of this machine, or of one that was recorded in a folder.

NVIDIA GPUs come from NVML, never from CUDA, and AMD GPUs from sysfs, never from HIP: a daemon that opened a context
would hold memory on every card for ever. A machine without a driver simply has no such device.

A source that hangs, lies or refuses is a finding, and costs at most its limit. Who has to know the devices for certain
(the daemon, before it places models) takes `probe_devices`, for which such a finding is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from remuda.edge.probes import bus, processor, software, surroundings
from remuda.edge.probes.limits import LIMIT_S, Pending, Round
from remuda.edge.probes.machine import LiveMachine, Machine
from remuda.edge.probes.packages import folders, packages
from remuda.edge.probes.recorded import RecordedMachine
from remuda.errors import ProbeError
from remuda.facts.assembly import Sources, devices
from remuda.facts.device import Device
from remuda.facts.finding import Finding
from remuda.facts.host import Host
from remuda.facts.parse.nvml import Report
from remuda.facts.parse.versions import ASKED, Asking
from remuda.facts.software import Runtime, Software, Tool
from remuda.facts.system import Drivers, System

_START_LIMIT_S: Final = 30.0
"""What a driver may take to wake its cards when the daemon starts."""

_ESSENTIAL: Final = frozenset({"NVML", "memory", "AMD compute driver"})
"""The sources without which devices are missing, and not only what else is known of them."""


def probe_host(root: Path = Path("/"), *, limit_s: float = LIMIT_S) -> Host:
    """Everything that is known of a machine; `root` is a folder with a recorded one.

    Raises OSError, msgspec.MsgspecError when nothing is recorded there.
    """
    machine = machine_at(root)
    look = Round(root, limit_s)
    # Programs take longest, so they begin first; what is collected is in the order of the document.
    installed = _start_software(look, machine)
    gpus = _start_devices(look, machine)
    system = look.start("system", lambda files: surroundings.system(files, machine))
    cpu = look.start("processors", lambda files: processor.cpu(files, machine.architecture()))
    user = look.start("user", lambda files: surroundings.user(files, machine))
    nodes = look.start("device files", lambda _: machine.nodes())
    disks = look.start("disks", lambda files: surroundings.disks(files, machine))
    found = gpus()
    host = replace(
        found,
        cpu=look.result(cpu, None),
        system=replace(look.result(system, System()), drivers=found.system.drivers),
        user=look.result(user, None),
        nodes=look.result(nodes, ()),
        disks=look.result(disks, ()),
        software=installed(),
    )
    return replace(host, findings=tuple(look.findings))


def probe_devices(machine: Machine | None = None) -> Host:
    """What models are placed by: devices, processors and installed engines.

    Raises ProbeError when a device does not answer.
    """
    machine = machine or LiveMachine()
    look = Round(machine.root, _START_LIMIT_S)
    devices = _start_devices(look, machine)
    beside = Round(machine.root)
    cpu = beside.start("processors", lambda files: processor.cpu(files, machine.architecture()))
    installed = beside.start("Python packages", lambda files: packages(files, machine.search_path()))
    host = replace(devices(), findings=tuple(look.findings))
    for finding in lost(host):
        hint = "look at `nvidia-smi` and the kernel's log: a driver may have lost a GPU"
        raise ProbeError(finding.message, hint=hint)
    software = Software(packages=beside.result(installed, ()))
    return replace(host, cpu=beside.result(cpu, None), software=software, findings=())


def lost(host: Host) -> tuple[Finding, ...]:
    """The findings for which devices may be missing."""
    return tuple(each for each in host.findings if each.source in _ESSENTIAL and each.kind != "refused")


def machine_at(root: Path) -> Machine:
    """This machine for `/`, a recorded one for any other folder."""
    return LiveMachine() if root == Path("/") else RecordedMachine(root)


def _start_devices(look: Round, machine: Machine) -> Callable[[], Host]:
    """Begin with all that makes a device; what is returned waits for it."""
    nvml = look.start("NVML", machine.nvml)
    memory = look.start("memory", processor.machine_memory)
    cards = look.start("PCI bus", bus.cards)
    modules = look.start("NVIDIA module", bus.nvidia_cards)
    compute = look.start("AMD compute driver", lambda files: bus.compute(files) if _has_kfd(machine) else ())
    xgmi = look.start("AMD links", bus.xgmi)
    drivers = look.start("drivers", bus.drivers)

    def collect() -> Host:
        report = look.result(nvml, None)
        sources = Sources(
            machine=look.result(memory, Device("cpu", "CPU", 0, 0)),
            cards=look.result(cards, ()),
            report=report,
            modules=look.result(modules, ()),
            compute=look.result(compute, ()),
            xgmi=look.result(xgmi, {}),
        )
        used, idle = devices(sources)
        loaded = _with_library(look.result(drivers, Drivers()), report)
        return Host(devices=used, idle_gpus=idle, system=System(drivers=loaded))

    return collect


def _has_kfd(machine: Machine) -> bool:
    """Without its device file AMD's driver answers nobody, although sysfs may still tell of its cards."""
    return any(node.path == "/dev/kfd" for node in machine.nodes())


def _with_library(loaded: Drivers, report: Report | None) -> Drivers:
    return replace(loaded, nvml=report.driver, cuda=report.cuda_version) if report else loaded


def _start_software(look: Round, machine: Machine) -> Callable[[], Software]:
    tools = [_start_tool(look, machine, asking) for asking in ASKED]
    podman = look.start("podman", lambda files: software.podman_runtime(files, machine))
    docker = look.start("docker", lambda _: software.docker_runtime(machine))
    in_podman = look.start("podman images", lambda _: software.podman_images(machine))
    in_docker = look.start("docker images", lambda _: software.docker_images(machine))
    cdi = look.start("CDI", software.cdi_specifications)
    installed = look.start("Python packages", lambda files: packages(files, machine.search_path()))
    copies = look.start(
        "rocBLAS", lambda files: software.rocblas_copies(files, machine, folders(files, machine.search_path()))
    )

    def collect() -> Software:
        runtimes: list[Runtime | None] = [look.result(podman, None), look.result(docker, None)]
        return Software(
            tools=tuple(tool for pending in tools if (tool := look.result(pending, None))),
            runtimes=tuple(runtime for runtime in runtimes if runtime),
            images=(*look.result(in_podman, ()), *look.result(in_docker, ())),
            cdi=look.result(cdi, ()),
            packages=look.result(installed, ()),
            rocblas=look.result(copies, ()),
        )

    return collect


def _start_tool(look: Round, machine: Machine, asking: Asking) -> Pending[Tool | None]:
    return look.start(asking.name, lambda files: software.tool(files, machine, asking))
