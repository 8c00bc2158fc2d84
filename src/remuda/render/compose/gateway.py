"""The gateway as a service: Remuda with a fleet file in which every model is run by somebody else, that is, compose.

It has the machine's network, so that `gateway.listen` means what it says and the models are reached on loopback.
What it answers for a model is settled here, because from a `url` it could not tell the engine's flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import BaseModel

from remuda import __version__
from remuda.errors import Problem
from remuda.plan.serving import serving
from remuda.quoting.compose import escaped
from remuda.render import needs
from remuda.render.compose.interpolation import refusal, secret_name, secret_path, variable
from remuda.render.compose.service import Serviced
from remuda.render.ports import ports
from remuda.render.starting import joined, word
from remuda.spec.defaults import EXTERNAL, runtime_name
from remuda.spec.fleet import Fleet
from remuda.spec.model import Model
from remuda.spec.quantity import format_duration
from remuda.spec.reference import Reference

NAME: Final = "remuda-gateway"
FILE: Final = "gateway.yaml"
IMAGE: Final = f"localhost/remuda:{__version__}"
_INSIDE: Final = "/etc/remuda/remuda.yaml"
_KEPT: Final = (
    *("name", "strip_params", "set_params", "on_disconnect", "metadata", "upstream_headers", "unlisted", "aliases"),
    "priority",
)
"""Keys of a model that the gateway goes by."""


def fleet_file(fleet: Fleet, services: Mapping[str, Serviced]) -> dict[str, Any]:
    """The gateway's fleet file; models that are not rendered stay in it by name, for the routes that lead to them."""
    gateway, port = written(fleet.gateway), ports(fleet)
    for key in gateway.get("keys", ()):
        key["secret"] = _seen_inside(key["secret"])
    routes = {name: written(route) if isinstance(route, BaseModel) else route for name, route in fleet.routes.items()}
    listed = {
        "gateway": gateway,
        "models": {name: _entry(entry, services.get(name), port.get(name)) for name, entry in fleet.models.items()},
        "routes": routes,
        "lint": {"model_ids": "off"},
    }
    return {key: value for key, value in listed.items() if value}


def _entry(entry: Model, one: Serviced | None, port: int | None) -> dict[str, Any]:
    if one is not None:
        keys = _model(one)
    elif runtime_name(entry.runtime, url=entry.url) == EXTERNAL:
        keys = written(entry)
    else:
        return {"url": f"http://127.0.0.1:{port or 1}", **({} if entry.enabled else {"enabled": False})}
    if headers := keys.get("upstream_headers"):
        keys["upstream_headers"] = {name: _seen_inside(text) for name, text in headers.items()}
    return keys


def service(fleet: Fleet) -> dict[str, Any]:
    """The service; it waits for nothing, since a model may come and go."""
    references = dict.fromkeys(reference for _, reference in needs.references_of(fleet))
    files = [reference.name for reference in references if reference.kind == "file"]
    keys = {
        "image": f"${{REMUDA_IMAGE:-{IMAGE}}}",
        "command": ["remuda", "up", "--file", _INSIDE],
        "network_mode": "host",
        "environment": {each.name: variable(each.name) for each in references if each.kind == "env"},
        "secrets": [secret_name(file) for file in files],
        "volumes": [f"./{FILE}:{_INSIDE}:ro", *map(escaped, _volumes(fleet))],
        "healthcheck": {"test": ["CMD", "python3", "-c", _probe(fleet)], "interval": "10s", "timeout": "5s"},
        "init": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
    }
    return {key: value for key, value in keys.items() if value}


def problems(fleet: Fleet) -> Iterator[Problem]:
    """What keeps the gateway from being a service."""
    for path, reference in needs.references_of(fleet):
        if problem := refusal(path, reference):
            yield problem
    yield from needs.problems(fleet)


def written(section: BaseModel) -> dict[str, Any]:
    """The keys that are set in a section, as the fleet file writes them."""
    fields = type(section).model_fields
    return {
        fields[name].alias or name: _plain(name, getattr(section, name))
        for name in fields
        if name in section.model_fields_set
    }


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, BaseModel):
        return written(value)
    if isinstance(value, tuple | list):
        return [_plain("", item) for item in value]
    if name.endswith("_s"):
        return format_duration(value)
    return str(value) if name == "listen" else value


def _model(one: Serviced) -> dict[str, Any]:
    entry, served = one.model.entry, serving(one.model)
    kept = {key: value for key, value in written(entry).items() if key in _KEPT}
    name = one.starting.served_name
    told: dict[str, Any] = {
        "url": f"http://127.0.0.1:{one.port}",
        "served_name": None if name == one.model.model_id else name,
        "timings": served.tells_timings,
        "capabilities": list(served.capabilities),
        "context_length": served.context_length,
    }
    return {**{key: value for key, value in told.items() if value}, **kept}


def _seen_inside(text: str) -> str:
    """A text with its references to files naming where the gateway sees them."""
    return joined(word(text), _inside, lambda part: part.replace("$", "$$"))


def _inside(reference: Reference) -> str:
    return f"${{file:{secret_path(reference.name)}}}" if reference.kind == "file" else str(reference)


def _volumes(fleet: Fleet) -> Iterator[str]:
    for path, file in needs.files_of(fleet):
        if path[-1] == "access_log":
            directory = PurePosixPath(file).parent
            yield f"{directory}:{directory}"
        else:
            yield f"{file}:{file}:ro"


def _probe(fleet: Fleet) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(fleet.gateway.host, fleet.gateway.host)  # noqa: S104
    return f"import socket; socket.create_connection(({host!r}, {fleet.gateway.port}), 3)"
