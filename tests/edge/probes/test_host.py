import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remuda.edge.probes.host import machine_at, probe_devices, probe_host
from remuda.edge.probes.recorded import RecordedMachine
from remuda.errors import ProbeError
from remuda.facts.host import Host
from tests.edge.probes.test_limits import let_go
from tests.facts.make_hosts import HOSTS

RECORDED = sorted(folder for folder in HOSTS.iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: folder.name)
def test_a_recorded_host_is_what_its_facts_say(folder: Path) -> None:
    found = probe_host(folder)
    expected = (folder / "expected.json").read_text()
    assert json.loads(found.to_json()) == json.loads(expected)
    assert Host.from_json(expected) == found


@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: folder.name)
def test_a_recorded_host_has_the_same_devices_when_only_these_are_asked_for(folder: Path) -> None:
    found, all_of_it = probe_devices(machine_at(folder)), probe_host(folder)
    assert found.devices == all_of_it.devices
    assert (found.cpu, found.software.packages) == (all_of_it.cpu, all_of_it.software.packages)


def test_a_recorded_host_says_where_it_is_from() -> None:
    assert all(json.loads((folder / "machine.json").read_text())["source"] for folder in RECORDED)
    assert len(RECORDED) > 20


def test_a_source_that_hangs_costs_its_limit_and_the_facts_it_has(tmp_path: Path) -> None:
    root = shutil.copytree(HOSTS / "rtx-3090", tmp_path / "host")
    for stuck in ("nvml.json", "proc/cpuinfo", "etc/passwd"):
        (root / stuck).unlink()
        os.mkfifo(root / stuck)
    begun = time.monotonic()
    host = probe_host(root, limit_s=0.5)
    assert time.monotonic() - begun < 5
    assert [(finding.source, finding.kind) for finding in host.findings] == [
        ("NVML", "slow"),
        ("processors", "slow"),
        ("user", "slow"),
    ]
    assert [device.name for device in host.devices] == ["cpu"]
    (idle,) = host.idle_gpus
    assert idle.title == "NVIDIA GeForce RTX 3090"
    for stuck in ("nvml.json", "proc/cpuinfo", "etc/passwd"):
        let_go(root / stuck)


@pytest.mark.parametrize("lie", ["", "\0\0", "{", "-1", "9" * 5000, "a:b:c\n" * 3, "\n\n:\n"])
def test_a_source_that_lies_is_a_finding_and_never_a_crash(tmp_path: Path, lie: str) -> None:
    root = shutil.copytree(HOSTS / "mi50-w7500", tmp_path / "host")
    for file in root.rglob("*"):
        if file.is_file() and file.name != "machine.json":
            file.write_text(lie)
    host = probe_host(root)
    assert host.findings
    assert Host.from_json(host.to_json()) == host


def test_the_daemon_is_told_when_devices_cannot_be_known(tmp_path: Path) -> None:
    root = shutil.copytree(HOSTS / "mi50-w7500", tmp_path / "host")
    (root / "sys/bus/pci/devices/0000:03:00.0/mem_info_vram_used").unlink()
    with pytest.raises(ProbeError, match=r"the AMD GPU at 0000:03:00\.0"):
        probe_devices(RecordedMachine(root))


def test_the_daemon_does_not_care_for_what_makes_no_device(tmp_path: Path) -> None:
    root = shutil.copytree(HOSTS / "rtx-3090", tmp_path / "host")
    (root / "proc/driver/nvidia/version").write_text("nonsense")
    assert [device.name for device in probe_devices(RecordedMachine(root)).devices] == ["cpu", "cuda0"]


def test_this_machine_is_what_the_kernel_says() -> None:
    host = probe_host()
    cpu, memory = host.cpu, host.device("cpu")
    assert cpu
    assert memory
    assert cpu.threads == Path("/proc/cpuinfo").read_text().count("processor\t:")
    assert set(cpu.flags) <= set(Path("/proc/cpuinfo").read_text().split())
    assert cpu.threads >= len(os.sched_getaffinity(0))
    assert 0 < memory.free_bytes <= memory.total_bytes
    assert host.system.kernel == os.uname().release
    assert host.user
    assert host.user.uid == os.geteuid()
    assert any(disk.mount == "/" for disk in host.disks)
    assert bool(host.of_kind("cuda")) <= Path("/proc/driver/nvidia/gpus").is_dir()
    assert bool(host.of_kind("rocm")) <= Path("/sys/class/kfd").is_dir()


@pytest.mark.skipif(shutil.which("lspci") is None, reason="needs lspci")
def test_the_gpus_of_this_machine_are_those_of_lspci() -> None:
    listed = subprocess.run(["lspci", "-Dn"], capture_output=True, text=True, check=True).stdout.splitlines()
    # `0000:01:00.0 0300: 10de:2204 (rev a1)`
    rows = [line.split() for line in listed]
    gpus = {row[0] for row in rows if row[1].startswith("03") and row[2][:4] in ("10de", "1002", "8086")}
    assert gpus <= {device.address for device in probe_host().gpus}


@pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="needs an NVIDIA GPU")
def test_the_gpus_of_this_machine_are_those_of_nvidia_smi() -> None:
    fields = "index,uuid,name,memory.total,compute_cap,driver_version"
    argv = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    host = probe_host()
    assert [line.split(", ") for line in listed] == [
        [
            str(device.nvml),
            device.uuid,
            device.title,
            str(device.total_bytes // 1024**2),
            device.capability,
            host.system.drivers.nvml,
        ]
        for device in host.of_kind("cuda")
    ]


def test_looking_is_quick_and_imports_no_engine() -> None:
    code = (
        "import sys, time; from remuda.edge.probes.host import probe_host; begun = time.perf_counter(); probe_host(); "
        "took = time.perf_counter() - begun; maps = open('/proc/self/maps').read(); "
        "print([name for name in ('torch', 'vllm', 'xllamacpp', 'cupy') if name in sys.modules], "
        "[name for name in ('libcuda.so', 'libamdhip', 'libhsa', 'libtorch') if name in maps]); print(took)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, took = done.stdout.splitlines()
    assert loaded == "[] []"
    # 0.4 s on an idle machine of two cores; a source that hangs may take its limit.
    assert float(took) < 5
