"""The hosts that `make_hosts.py` writes.

None of them is a recording of a real machine. Each is built field by field from documented formats: the kernel's
`Documentation/ABI` (PCI, NUMA, kfd's `kfd_topology.c`), `proc(5)`, NVIDIA's driver README and NVML API reference, the
CDI specification, podman's and docker's `info`; device ids are those of `pci.ids`, compute capabilities and targets
those of NVIDIA's and LLVM's tables. Big processors are cut down to some threads, flags to those that tell generations
apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GIB = 1024**3
MIB = 1024**2

V1 = "fpu tsc cx8 cmov mmx fxsr sse sse2 syscall lm"
V2 = f"{V1} pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
V3 = f"{V2} fma movbe xsave avx f16c abm bmi1 avx2 bmi2"
V4 = f"{V3} avx512f avx512dq avx512cd avx512bw avx512vl"
ZEN4 = f"{V4} avx512_bf16 avx512_vnni avx512vbmi"
SAPPHIRE = f"{V4} avx512_bf16 avx512_vnni avx512_fp16 amx_bf16 amx_tile amx_int8"
ARMV9 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp asimddp sve i8mm bf16 sve2"


@dataclass(frozen=True)
class Processor:
    title: str
    flags: str
    cores: int
    threads: int
    architecture: str = "x86_64"


ZEN2_3945WX = Processor("AMD Ryzen Threadripper PRO 3945WX 12-Cores", V3, 12, 24)
ZEN3_5950X = Processor("AMD Ryzen 9 5950X 16-Core Processor", V3, 4, 8)
ZEN4_7950X = Processor("AMD Ryzen 9 7950X 16-Core Processor", ZEN4, 4, 8)
ZEN5_395 = Processor("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", ZEN4, 4, 8)
XEON_8480 = Processor("Intel(R) Xeon(R) Platinum 8480+", SAPPHIRE, 4, 8)
XEON_2697V2 = Processor("Intel(R) Xeon(R) CPU E5-2697 v2 @ 2.70GHz", f"{V2} avx f16c xsave", 4, 8)
XEON_2699V4 = Processor("Intel(R) Xeon(R) CPU E5-2699 v4 @ 2.20GHz", V3, 4, 8)
CORE_12400 = Processor("12th Gen Intel(R) Core(TM) i5-12400", V3, 6, 12)
CORTEX_X925 = Processor("", ARMV9, 4, 4, architecture="aarch64")


@dataclass(frozen=True)
class Nvidia:
    """Numbers as `nvidia-smi -q` shows them; `memory_mib` is None where NVML refuses the question."""

    title: str
    device: str
    capability: tuple[int, int]
    memory_mib: int | None
    cores: int
    clock_mhz: int
    is_ecc: bool | None = None
    is_mig: bool | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


RTX_3090 = Nvidia("NVIDIA GeForce RTX 3090", "2204", (8, 6), 24576, 10496, 2100)
GTX_1080TI = Nvidia("NVIDIA GeForce GTX 1080 Ti", "1B06", (6, 1), 11264, 3584, 1911)
RTX_4090 = Nvidia("NVIDIA GeForce RTX 4090", "2684", (8, 9), 24564, 16384, 3105, is_ecc=False)
RTX_5090 = Nvidia("NVIDIA GeForce RTX 5090", "2B85", (12, 0), 32607, 21760, 3090)
H100 = Nvidia("NVIDIA H100 80GB HBM3", "2330", (9, 0), 81559, 16896, 1980, is_ecc=True, is_mig=False)
H200 = Nvidia("NVIDIA H200", "2335", (9, 0), 143771, 16896, 1980, is_ecc=True, is_mig=False)
GB10 = Nvidia("NVIDIA GB10", "2E12", (12, 1), None, 6144, 3003)
T4 = Nvidia("Tesla T4", "1EB8", (7, 5), 15360, 2560, 1590, is_ecc=True)
V100 = Nvidia("Tesla V100-SXM2-32GB", "1DB5", (7, 0), 32768, 5120, 1530, is_ecc=True)
P40 = Nvidia("Tesla P40", "1B38", (6, 1), 23040, 3840, 1531, is_ecc=True)


@dataclass(frozen=True)
class Amd:
    """`target` is kfd's number for the gfx target; `gtt` is what the driver may map of the machine's memory."""

    title: str
    device: str
    target: int
    vram: int
    unique_id: int = 0
    gtt: int = 16 * GIB
    is_accelerator: bool = False


MI50 = Amd("Vega 20 [Radeon Pro VII/Radeon Instinct MI50 32GB]", "66A1", 90006, 32 * GIB, 0x0E54792172DA5EEB)
W7500 = Amd("Navi 33 [Radeon Pro W7500]", "7489", 110002, 8 * GIB)
RX_7900XTX = Amd("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", "744C", 110000, 24 * GIB, 0x4F2A61D90B7C3E15)
STRIX_HALO = Amd(
    "Strix Halo [Radeon Graphics / Radeon 8050S Graphics / Radeon 8060S Graphics]", "1586", 110501, GIB // 2
)
MI300X = Amd("Aqua Vanjaram [Instinct MI300X]", "74A1", 90402, 192 * GIB, 0x7B1C0A93D5E2F648, is_accelerator=True)


@dataclass(frozen=True)
class Host:
    """A row of the table. `more` are further files and `programs` what programs print."""

    name: str
    cpu: Processor
    memory_gib: int
    nvidia: tuple[tuple[str, Nvidia], ...] = ()
    amd: tuple[tuple[str, Amd], ...] = ()
    driver: tuple[str, int] = ("575.57.08", 12090)
    kernel: str = "6.8.0-60-generic"
    distribution: str = "Ubuntu 24.04.2 LTS"
    groups: str = "das:x:1000:\nvideo:x:44:das\nrender:x:992:das\n"
    gids: tuple[int, ...] = (44, 992, 1000)
    has_kfd: bool = True
    nvlinks: int = 0
    has_display: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, Any] = field(default_factory=dict)


def cdi(driver: str, nodes: Mapping[str, str], library: str = "/usr/lib/x86_64-linux-gnu/libcuda.so") -> dict[str, Any]:
    """As `nvidia-ctk cdi generate` writes it, shortened to one library."""
    return {
        "cdiVersion": "0.5.0",
        "kind": "nvidia.com/gpu",
        "devices": [
            {"name": name, "containerEdits": {"deviceNodes": [{"path": path} for path in paths.split()]}}
            for name, paths in nodes.items()
        ],
        "containerEdits": {
            "deviceNodes": [{"path": "/dev/nvidiactl"}],
            "mounts": [{"hostPath": f"{library}.{driver}", "containerPath": f"{library}.{driver}", "options": ["ro"]}],
        },
    }


def podman(version: str, *, rootless: bool = True) -> dict[str, Any]:
    return {
        "podman info --format json": {
            "host": {
                "cgroupManager": "systemd",
                "cgroupVersion": "v2",
                "ociRuntime": {"name": "crun"},
                "security": {"rootless": rootless},
            },
            "store": {"graphDriverName": "overlay"},
            "version": {"Version": version},
        },
        "podman images --format json": [
            {
                "Names": ["docker.io/vllm/vllm-openai:v0.23.0"],
                "Size": 21474836480,
                "Digest": "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
            },
            {"Names": None, "Size": 1000, "Digest": "sha256:00"},
        ],
    }


DOCKER: dict[str, Any] = {
    "docker info --format {{json .}}": {
        "ServerVersion": "28.3.0",
        "CgroupDriver": "systemd",
        "CgroupVersion": "2",
        "DefaultRuntime": "runc",
        "Driver": "overlay2",
        "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin"],
        "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
    },
    "docker compose version": "Docker Compose version v2.38.1\n",
    "docker images --digests --format {{json .}}": json.dumps(
        {
            "Repository": "ghcr.io/ggml-org/llama.cpp",
            "Tag": "server-cuda",
            "Digest": "<none>",
            "Size": "2.91GB",
        }
    )
    + "\n",
}
SUBIDS = {"etc/subuid": "das:100000:65536\n", "etc/subgid": "das:100000:65536\n"}
SYSTEMD = {"run/systemd/system/.keep": "", "var/lib/systemd/linger/das": ""}
VLLM = "nix/store/8bqf3y1dqk7x0n4zv5wjpl2sgc9m6hra-python3.12-vllm-0.13.0"
SITE = f"{VLLM}/lib/python3.12/site-packages"
SEED_004 = {
    "run/current-system/sw/bin/vllm": f'#! /nix/store/bash/bin/bash -e\nexec /{VLLM}/bin/.vllm-wrapped "$@"\n',
    f"{SITE}/vllm-0.13.0.dist-info/METADATA": "Metadata-Version: 2.4\nName: vllm\nVersion: 0.13.0\n",
    f"{SITE}/vllm-0.13.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: cp312-cp312-linux_x86_64\n",
    f"{SITE}/vllm-0.13.0.dist-info/RECORD": "vllm/__init__.py,,\nvllm/_C.abi3.so,,\n",
}
AMD_MODULE = {"opt/rocm/.info/version": "6.3.3-74\n", "sys/module/amdgpu/version": "6.10.5\n"}

TABLE = (
    Host(
        "rtx-3090",
        ZEN3_5950X,
        64,
        nvidia=(("01:00.0", RTX_3090),),
        has_display=True,
        more={
            **SUBIDS,
            **SYSTEMD,
            "usr/libexec/podman/quadlet": "",
            "usr/lib/x86_64-linux-gnu/libcuda.so.575.57.08": "",
            "etc/cdi/nvidia.yaml": json.dumps(cdi("575.57.08", {"0": "/dev/nvidia0", "all": "/dev/nvidia0"}), indent=1)
            + "\n",
        },
        programs={
            **podman("5.4.2"),
            "systemctl --version": "systemd 255 (255.4-1ubuntu8.8)\n+PAM +AUDIT\n",
            "nvidia-ctk --version": "NVIDIA Container Toolkit CLI version 1.17.8\ncommit: f202b80a\n",
        },
    ),
    Host(
        "rtx-3090-gtx-1080ti",
        ZEN3_5950X,
        64,
        nvidia=(("01:00.0", GTX_1080TI), ("05:00.0", RTX_3090)),
        more={
            "etc/cdi/nvidia.yaml": (
                "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n"
                '- name: "0"\n  containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia1\n'
                '- name: "1"\n  containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n'
                "- name: all\n  containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n    - path: /dev/nvidia1\n"
                "containerEdits:\n  mounts:\n"
                "  - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15\n"
                "    containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15\n"
            ),
        },
        programs=DOCKER,
    ),
    Host("rtx-3090-x2-nvlink", ZEN4_7950X, 128, nvidia=(("01:00.0", RTX_3090), ("21:00.0", RTX_3090)), nvlinks=4),
    Host("rtx-4090", ZEN4_7950X, 64, nvidia=(("01:00.0", RTX_4090),)),
    Host("rtx-5090", ZEN4_7950X, 96, nvidia=(("01:00.0", RTX_5090),), driver=("580.95.05", 13000)),
    Host("h100", XEON_8480, 512, nvidia=(("19:00.0", H100),), driver=("550.144.03", 12040), gids=(1000,)),
    Host("h200", XEON_8480, 1024, nvidia=(("19:00.0", H200),), driver=("580.95.05", 13000)),
    Host(
        "gb10",
        CORTEX_X925,
        120,
        nvidia=(("000f:01:00.0", GB10),),
        driver=("580.95.05", 13000),
        kernel="6.11.0-1016-nvidia",
        distribution="DGX OS 7.2.3",
    ),
    Host("t4", XEON_2699V4, 16, nvidia=(("00:1e.0", T4),), driver=("535.183.01", 12020)),
    Host("v100", XEON_2699V4, 256, nvidia=(("15:00.0", V100),), driver=("550.144.03", 12040)),
    Host("p40", XEON_2699V4, 128, nvidia=(("04:00.0", P40),), driver=("570.169", 12080)),
    Host("driver-470", XEON_2699V4, 64, nvidia=(("04:00.0", RTX_3090),), driver=("470.256.02", 11040)),
    Host(
        "mi50-w7500",
        ZEN2_3945WX,
        128,
        amd=(("03:00.0", MI50), ("43:00.0", W7500)),
        kernel="6.12.63",
        distribution="NixOS 26.05 (Yarara)",
        has_display=True,
        more={**SEED_004, **SYSTEMD},
        programs={
            "systemctl --version": "systemd 258 (258.2)\n",
            "nix --version": "nix (Nix) 2.31.2\n",
            "ollama --version": "Warning: could not connect\nWarning: client version is 0.13.1\n",
            "llama-server --version": "version: 7898 (89f10baad)\nbuilt with gcc 14.3.0 for x86_64-unknown-linux-gnu\n",
        },
    ),
    Host("mi300x", XEON_8480, 1024, amd=(("0c:00.0", MI300X), ("22:00.0", MI300X)), more=AMD_MODULE),
    Host(
        "mi300x-container-without-kfd",
        XEON_8480,
        1024,
        amd=(("0c:00.0", MI300X),),
        has_kfd=False,
        more={
            ".dockerenv": "",
            "sys/fs/cgroup/memory.max": f"{64 * GIB}\n",
            "sys/fs/cgroup/memory.current": f"{10 * GIB}\n",
            "sys/fs/cgroup/memory.stat": f"anon {4 * GIB}\nfile {6 * GIB}\ninactive_file {5 * GIB}\n",
            "sys/fs/cgroup/cpu.max": "800000 100000\n",
        },
    ),
    Host(
        "rx-7900xtx",
        ZEN3_5950X,
        32,
        amd=(("0a:00.0", RX_7900XTX),),
        groups="das:x:1000:\nvideo:x:44:\nrender:x:992:\n",
        gids=(1000,),
        more={
            f"usr/lib/ollama/rocm/rocblas/library/TensileLibrary_lazy_{target}.dat": ""
            for target in ("gfx1030", "gfx1100", "gfx1201", "gfx90a")
        },
        programs={"ollama --version": "ollama version is 0.31.2\n"},
    ),
    Host("strix-halo", ZEN5_395, 125, amd=(("c5:00.0", STRIX_HALO),), kernel="6.18.5-200.fc43.x86_64"),
    Host("arc-a770", CORE_12400, 32),
    Host("cpu-avx512", XEON_8480, 256),
    Host("cpu-avx2", ZEN3_5950X, 32),
    Host("no-gpu-old-cpu", XEON_2697V2, 64),
)
