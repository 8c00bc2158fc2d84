"""A host: everything that is true of a machine, as one JSON document, so that a plan can be made elsewhere.

The document is versioned. A reader takes what it knows of a newer one and notes what it does not, so that facts saved
by a new Remuda can be judged by an old one; a field never changes its meaning, and a new meaning gets a new name.
What has its default value is left out.

This module discovers nothing; `remuda.edge.probes` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from remuda.errors import SpecError
from remuda.facts.cpu import Cpu
from remuda.facts.device import Device
from remuda.facts.disk import Disk
from remuda.facts.finding import Finding
from remuda.facts.software import Software
from remuda.facts.system import Node, System, User

VERSION: Final = 1


class Host(Struct, frozen=True, omit_defaults=True):
    """A machine.

    `devices`: what a model can be placed on: the CPU and every GPU that its compute driver answers for, CUDA's in the
    order of PCI addresses. `idle_gpus`: GPUs on the bus that no compute driver answers for. `findings`: what came in
    the way.
    """

    devices: tuple[Device, ...] = ()
    idle_gpus: tuple[Device, ...] = ()
    cpu: Cpu | None = None
    system: System = System()
    user: User | None = None
    nodes: tuple[Node, ...] = ()
    disks: tuple[Disk, ...] = ()
    software: Software = Software()
    findings: tuple[Finding, ...] = ()

    def device(self, name: str) -> Device | None:
        """The device of this name."""
        return next((device for device in self.devices if device.name == name), None)

    def of_kind(self, kind: str) -> tuple[Device, ...]:
        """All devices of a kind, in order."""
        return tuple(device for device in self.devices if device.kind == kind)

    @property
    def gpus(self) -> tuple[Device, ...]:
        """Every GPU, those that cannot be used last."""
        return (*(device for device in self.devices if device.kind != "cpu"), *self.idle_gpus)

    def with_freed(self, held_bytes: Mapping[str, int]) -> Host:
        """This host as if what engines of ours may hold of each device were free.

        They may hold less than they claim, so the sum can be no more than the device has.
        """
        devices = tuple(device.with_freed(held_bytes.get(device.name, 0)) for device in self.devices)
        return replace(self, devices=devices)

    def to_json(self) -> str:
        """The document."""
        document = {"version": VERSION, **msgspec.to_builtins(self)}
        return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"

    @staticmethod
    def from_json(text: str | bytes) -> Host:
        """The host of a document, with a finding for each field that is not known.

        Raises SpecError when it is no such document.
        """
        try:
            raw = msgspec.json.decode(text, type=dict[str, Any])
            version = msgspec.convert(raw.pop("version", None), int)
            host = msgspec.convert(raw, Host)
        except msgspec.MsgspecError as error:
            message = f"cannot read the facts of a host: {_lowered(str(error))}"
            raise SpecError(message, hint="save them with `remuda doctor --save FILE`") from error
        return replace(host, findings=(*host.findings, *_newer(version, raw, host)))


def document_schema() -> dict[str, Any]:
    """The JSON schema of the document."""
    made = msgspec.json.schema(Host)
    for definition in made["$defs"].values():
        definition["description"] = cleandoc(definition["description"])
    host = made["$defs"]["Host"]
    host["properties"] = {"version": {"type": "integer", "minimum": 1}, **host["properties"]}
    host["required"] = ["version", *host["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Facts of a host", **made}


def _newer(version: int, raw: dict[str, Any], host: Host) -> Iterator[Finding]:
    for path in _unknown(raw, host, ""):
        message = f"`{path}` is not known to version {VERSION} of this document (it is of version {version}): left out"
        yield Finding("facts", "newer", message)


def _unknown(raw: Any, known: Any, path: str) -> Iterator[str]:
    """Paths to the fields of a document that were not taken."""
    if isinstance(known, Struct):
        for name, value in raw.items():
            if name in known.__struct_fields__:
                yield from _unknown(value, getattr(known, name), f"{path}.{name}".lstrip("."))
            else:
                yield f"{path}.{name}".lstrip(".")
    elif isinstance(known, tuple):
        for number, (value, item) in enumerate(zip(raw, known, strict=True)):
            yield from _unknown(value, item, f"{path}[{number}]")


def _lowered(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
