"""llama-swap's configuration, a file or a directory, as a fleet that behaves the same.

In its steps: files (`files`, `merge`), macros (`expand`), then every key by its kind (`section`). What llama-swap would
not start with is an error only where no fleet comes of it; what it ignores or refuses besides is left out, and said.

Facts: internal/config of mostlygeek/llama-swap at 0bdb372 (August 2026).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from remuda.adapt.contract import Adapted, Source
from remuda.adapt.llama_swap import routes, unsaid
from remuda.adapt.llama_swap.expand import Expanded, expand
from remuda.adapt.llama_swap.files import configuration
from remuda.adapt.llama_swap.model import Given, Made, model
from remuda.adapt.llama_swap.names import Names
from remuda.adapt.llama_swap.residency import ALL, priorities, residency
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.section import Context, Section
from remuda.spec.document import Path
from remuda.spec.limits import Limits

NAME: Final = "llama-swap"
SUMMARY: Final = "a configuration of llama-swap, or a directory of them"

_READ: Final = frozenset(
    ("apiKeys", "globalTTL", "groups", "hooks", "matrix", "models", "peers", "profiles", "routing", "selectors")
)
_QUEUE: Final = int(Limits().queue)
_DEFAULT_QUEUE: Final = 10
"""llama-swap's own limit: internal/router/base.go."""


def adapt(source: Source) -> Adapted:
    """The fleet."""
    said = Said()
    root = configuration(source, said)
    expanded = expand(root, _READ | unsaid.TOP.keys(), said)
    top = Section(expanded.root, Context(said, source.environment))
    return _Fleet(top, expanded, source.only, said).adapted()


class _Fleet:
    def __init__(self, top: Section, expanded: Expanded, only: frozenset[str], said: Said) -> None:
        self._top = top
        self._expanded = expanded
        self._said = said
        self._names = Names(said, lambda name: not only or name in only)
        self._notes: dict[Path, str] = {}

    def adapted(self) -> Adapted:
        top = self._top
        models = self._models()
        names = self._names
        lanes = routes.lanes(models, names)
        peers, notes = routes.peers(top.sections("peers"), names)
        selectors = routes.selectors(top.sections("selectors"), names)
        routes.profiles(top.section("profiles"))
        here = [made.source_id for made in models if "url" not in made.keys]
        found = residency(top, names, here)
        if ALL in found.get("groups", {}) and not top.has("groups"):
            self._notes["residency", "groups", ALL] = "llama-swap has one model up at a time"
        self._prioritise(models, priorities(top, names))
        self._preload(models)
        gateway = self._gateway(models)
        unsaid.tell(top, unsaid.TOP)
        top.rest()
        self._notes |= notes
        data = {
            "gateway": gateway,
            "models": {names.models[made.source_id]: made.entry() for made in models} | peers,
            "routes": lanes | selectors,
            "residency": found,
        }
        return Adapted({key: value for key, value in data.items() if value}, self._notes, self._said.sorted())

    def _models(self) -> list[Made]:
        """The models that can be run; those that share a port get one each."""
        ttl_s = self._top.whole("globalTTL") or 0
        if ttl_s < 0:
            self._said.refuse(self._top.node.pairs["globalTTL"], "`globalTTL` must not be negative")
        found: list[Made] = []
        for source_id, section in self._top.sections("models").items():
            if not self._names.is_wanted(source_id):
                continue
            port = self._expanded.ports.get(source_id)
            section.fleet_path = ("models", source_id)
            made = model(source_id, section, Given(port, source_id in self._expanded.fixed, ttl_s))
            if made is not None:
                found.append(made)
        self._names.add_models({made.source_id: made.section.node.key for made in found})
        for made in found:
            above = ("models", self._names.models[made.source_id])
            self._notes |= {(*above, *path): note for path, note in made.notes.items()}
        _free_ports(found)
        return found

    def _prioritise(self, models: Iterable[Made], found: Mapping[str, int]) -> None:
        for made in models:
            if priority := found.get(self._names.models[made.source_id]):
                made.keys["priority"] = priority

    def _preload(self, models: Iterable[Made]) -> None:
        hooks = self._top.section("hooks")
        startup = hooks.section("on_startup")
        wanted = {self._names.model(name.strip()): (name, item) for name, item in startup.texts("preload")}
        for name, item in wanted.values():
            if self._names.model(name.strip()) is None:
                self._names.miss(name, item, startup.label("preload"))
        for made in models:
            if self._names.models[made.source_id] in wanted:
                made.keys["preload"] = True
        startup.rest()
        hooks.rest()

    def _gateway(self, models: Sequence[Made]) -> dict[str, Any]:
        keys = self._keys()
        queue = self._queue(models)
        limits = {"limits": {"queue": queue}} if queue not in (None, _QUEUE) else {}
        return {**({"keys": keys} if keys else {}), **limits}

    def _keys(self) -> list[dict[str, Any]]:
        found = []
        for number, (text, item) in enumerate(self._top.marked_texts("apiKeys")):
            if not text or " " in text:
                self._said.refuse(item, f"`apiKeys[{number}]` must be a text without blanks")
                continue
            name = f"LLAMA_SWAP_API_KEY_{number + 1}"
            reference = routes.secret(self._top, "apiKeys", text, name, number)
            found.append({"name": f"key{number + 1}", "secret": reference, "admin": True})
        return found

    def _queue(self, models: Sequence[Made]) -> int | None:
        """`gateway.limits.queue`, which is one for all: the largest, so that nothing is refused that was not before."""
        given = [made.queue or _DEFAULT_QUEUE for made in models if "url" not in made.keys]
        limited = [made for made in models if made.queue and "url" not in made.keys]
        largest = max(given, default=0)
        for made in limited:
            if made.queue != largest:
                message = (
                    f"{made.section.label('concurrencyLimit')} becomes {largest}: `gateway.limits.queue` is for all"
                )
                at = made.section.node.pairs["concurrencyLimit"]
                self._said.warn(at, message, path=("gateway", "limits", "queue"))
        return largest if limited else None


def _free_ports(models: Iterable[Made]) -> None:
    """A port that several models have, since only one of them is up at a time: each gets its own at the start."""
    models = list(models)
    count = Counter(made.keys.get("port") for made in models)
    for made in models:
        port = made.keys.get("port")
        if port is None or count[port] == 1:
            continue
        section = made.section
        at = section.node.pairs["proxy"]
        if "cmd" not in made.keys or _with_placeholder(made, port):
            del made.keys["port"]
            message = (
                f"{section.label('proxy')}: several models have the port {port}; each gets a free one at its start"
            )
            section.context.said.warn(at, message, path=section.fleet_path)
        else:
            message = f"{section.label('proxy')}: several models have the port {port}, which `cmd` does not name"
            section.context.said.refuse(at, message, hint="write `${PORT}` in `cmd`", path=section.fleet_path)


def _with_placeholder(made: Made, port: int) -> bool:
    """Whether the port is in the command, where it is replaced."""
    cmd = made.keys["cmd"]
    told = [re.sub(rf"(?<![\w.]){port}(?![\w.])", "${PORT}", word) for word in ([cmd] if isinstance(cmd, str) else cmd)]
    made.keys["cmd"] = told[0] if isinstance(cmd, str) else told
    return any("${PORT}" in word for word in told)
