"""The GPUs that a container is given → `devices` of the fleet file.

docker's `--gpus`, CDI names, device files and NVIDIA's variable all count as NVML does, by PCI address, which is how
`cuda0` is counted too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from remuda.adapt.visible_gpus import device

_VARIABLE: Final = "NVIDIA_VISIBLE_DEVICES"
_FIELD: Final = re.compile(r'"[^"]*"|[^,"]+')
_CDI: Final = re.compile(r"nvidia\.com/gpu=(.+)")
_FILE: Final = re.compile(r"/dev/nvidia(\d+)")
_MOST: Final = 64
_AMD: Final = ("/dev/kfd", "/dev/dri")
_HELPERS: Final = re.compile(r"/dev/(?:nvidiactl|nvidia-uvm|nvidia-uvm-tools|nvidia-modeset|nvidia-caps.*)")


@dataclass(frozen=True, slots=True)
class Given:
    """The devices of a container, None where it is given none; its variables without those that say so."""

    devices: tuple[str, ...] | None
    environment: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def narrowed(self, visible: tuple[str, ...]) -> Given:
        """With what the engine's own variables leave of them: these count what the container has."""
        given = self.devices or ()
        if not given or any(name.endswith(":all") for name in given):
            return replace(self, devices=visible)
        places = [re.fullmatch(r"(?:cuda|rocm)(\d+)", name) for name in visible]
        chosen = [given[int(place[1])] for place in places if place and int(place[1]) < len(given)]
        return replace(self, devices=tuple(chosen) if len(chosen) == len(visible) else visible)


def given(gpus: str | None, devices: Sequence[str], environment: Mapping[str, str | None]) -> Given:
    """What `--gpus`, `--device` and the environment give to a container."""
    rest = {name: f"${{env:{name}}}" if text is None else text for name, text in environment.items()}
    notes = [f"--gpus {gpus} there: any of them"] if gpus is not None and gpus.isdigit() else []
    found = [*_of_request(gpus), *_of_devices(devices)]
    if "$" not in (said := rest.get(_VARIABLE, "")):
        rest.pop(_VARIABLE, None)
        if not found and said not in ("", "void", "none"):
            found = ["cuda:all"] if said == "all" else [device("cuda", name) for name in said.split(",") if name]
    files = [name for name in (_source(text) for text in devices) if not _is_gpu(name)]
    notes += [f"{name} is given to it there" for name in files]
    return Given(tuple(dict.fromkeys(found)) or None, rest, tuple(notes))


def _of_request(gpus: str | None) -> Iterator[str]:
    """The small language of docker: `all`, a count, or `device=0,1` in a list with quotes."""
    fields = [field.strip('"') for field in _FIELD.findall(gpus or "")]
    names_devices = any(field.startswith("device=") for field in fields)
    for field in fields:
        key, equals, value = field.rpartition("=")
        if value in ("all", "-1") and key in ("", "count"):
            yield "cuda:all"
        elif value.isdigit() and (key == "count" or (not equals and not names_devices)):
            yield from (f"cuda{number}" for number in range(min(int(value), _MOST)))
        elif key in ("", "device"):  # without quotes around it, the list of `device=0,1` falls apart
            yield from (device("cuda", name) for name in value.split(",") if name)


def _of_devices(devices: Sequence[str]) -> Iterator[str]:
    sources = list(map(_source, devices))
    renders = [source for source in sources if source.startswith("/dev/dri/renderD")]
    if "/dev/kfd" in sources:
        yield from renders or ["rocm:all"]
    for source in sources:
        if found := _CDI.fullmatch(source) or _FILE.fullmatch(source):
            yield "cuda:all" if found[1] == "all" else device("cuda", found[1])


def _source(text: str) -> str:
    """A device without its place inside and its permissions; a CDI name has neither."""
    return text if "=" in text else text.partition(":")[0]


def _is_gpu(name: str) -> bool:
    forms = (_CDI, _FILE, _HELPERS)
    return name in _AMD or name.startswith("/dev/dri/") or any(form.fullmatch(name) for form in forms)
