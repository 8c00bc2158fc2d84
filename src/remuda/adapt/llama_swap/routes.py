"""Names that are no model's ID: aliases, selectors, peers and profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from remuda.adapt.llama_swap import unsaid, variables
from remuda.adapt.llama_swap.expand import MAX_MODELS
from remuda.adapt.llama_swap.model import Made
from remuda.adapt.llama_swap.names import Names, usable
from remuda.adapt.llama_swap.requests import changes
from remuda.adapt.llama_swap.section import Section
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.reference import Reference

_STRATEGIES: Final = ("warm", "pin", "spillover")


def lanes(models: Iterable[Made], names: Names) -> dict[str, Any]:
    """Gives the models their aliases; those that change requests in their own way are routes."""
    found: dict[str, Any] = {}
    for made in models:
        model_id = names.models[made.source_id]
        own = made.changes.by_name.pop(made.source_id, {})
        for name, at in made.names.items():
            is_said = name == made.source_id or name in made.changes.by_name
            if not is_said and names.may_add(name, "alias", at):
                made.keys.setdefault("aliases", []).append(name)
                names.add_alias(name, model_id)
        for name, params in made.changes.by_name.items():
            if names.may_add(name, "alias", made.section.node.pairs["filters"]):
                names.add_alias(name, model_id)
                found[name] = {"model": model_id, "set_params": params} if params else model_id
        _own_params(made, own)
    return found


def _own_params(made: Made, own: Mapping[str, Any]) -> None:
    """What llama-swap sets in requests by the model's own ID is set in all of them; who else gets it is said."""
    if not own:
        return
    made.keys["set_params"] = {**made.keys.get("set_params", {}), **own}
    others = [
        *made.keys.get("aliases", []),
        *(name for name, set_ in made.changes.by_name.items() if own.keys() - set_),
    ]
    if others:
        at = made.section.node.pairs["filters"]
        message = f"what `{made.source_id}` sets for its own name, it sets for `{'`, `'.join(others)}` too"
        made.section.context.said.warn(at, message, path=(*made.section.fleet_path, "set_params"))


def selectors(found: Mapping[str, Section], names: Names) -> dict[str, Any]:
    """The selectors as routes."""
    routes: dict[str, Any] = {}
    for name, section in found.items():
        route = _selector(section, names)
        unsaid.tell(section, unsaid.SELECTOR)
        section.rest()
        if route is not None and names.may_add(name, "selector", section.node.key):
            names.add_other(name, name)
            routes[name] = route
    return routes


def _selector(section: Section, names: Names) -> str | dict[str, Any] | None:
    strategy = section.text("strategy")
    settings = section.section("settings")
    limit = settings.whole("spillover")
    settings.rest()
    targets = _targets(section, names)
    said = section.context.said
    if strategy not in _STRATEGIES:
        message = f"{section.label('strategy')} must be `warm`, `pin` or `spillover`, not `{strategy}`"
        said.refuse(section.node.get("strategy") or section.node.key, message)
    if limit is not None and limit < 1:
        said.refuse(settings.node.pairs["spillover"], f"{settings.label('spillover')} must be more than 0")
    if not targets or strategy not in _STRATEGIES:
        return None
    if strategy == "pin":
        return targets[0]
    return {"warm": targets} if strategy == "warm" else {"spillover": targets, "at": limit or 1}


def _targets(section: Section, names: Names) -> list[str]:
    found: dict[str, None] = {}
    for name, item in section.texts("targets"):
        target = names.target(name)
        if target is None:
            names.miss(name, item, section.label("targets"))
        else:
            found[target] = None
    if not found:
        message = f"{section.label('targets')} leads nowhere: the selector is left out"
        section.context.said.warn(section.node.key, message)
    return list(found)


def peers(found: Mapping[str, Section], names: Names) -> tuple[dict[str, Any], dict[Path, str]]:
    """The models of peers as models with a `url`, and notes on them.

    A model has its own name where no other has that, else the peer's before it; llama-swap knows the long name in any
    case, except that nobody asks a peer that is called as its model by that name twice.
    """
    if sum(len(section.marked_texts("models")) for section in found.values()) > MAX_MODELS:
        section = next(iter(found.values()))
        section.context.said.refuse(section.node.key, f"`peers` have more than {MAX_MODELS} models")
        return {}, {}
    count = Counter(name for section in found.values() for name, _ in section.marked_texts("models"))
    models: dict[str, Any] = {}
    notes: dict[Path, str] = {}
    for peer_id, section in found.items():
        base, more = _peer(section, peer_id)
        for name, item in section.texts("models"):
            full = f"{peer_id}/{name}"
            if full in names.others or not (names.is_wanted(name) or names.is_wanted(full)):
                continue
            is_own = count[name] == 1 and names.model(name) is None
            model_id = usable(name if is_own else full, names.taken)
            if model_id not in (name, full):
                section.context.said.warn(item, f"the model `{name}` of the peer `{peer_id}` becomes `{model_id}`")
            for known in (name, full) if is_own else (full,):
                names.add_other(known, model_id)
            entry = base if model_id == name else {**base, "served_name": name}
            if is_own and peer_id != name and usable(full, names.taken) == full:
                entry = {**entry, "aliases": [full]}
                names.add_other(full, full)
            models[model_id] = {**entry, **more}
            if "upstream_headers" in more:
                notes["models", model_id, "upstream_headers"] = "llama-swap sends it as x-api-key, too"
    return models, notes


def _peer(section: Section, peer_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys of all models of a peer: its address, and what is sent there."""
    base: dict[str, Any] = {"url": (section.text("proxy") or "").rstrip("/")}
    if not base["url"]:
        section.context.said.refuse(section.node.key, f"{section.label('proxy')} is missing")
    more: dict[str, Any] = {}
    key = section.marked("apiKey")
    if key:
        more["upstream_headers"] = {"Authorization": f"Bearer {secret(section, 'apiKey', key, f'{peer_id}_API_KEY')}"}
    changed = changes(section)
    if changed.by_name:
        section.context.said.warn(
            section.node.pairs["filters"], f"{section.label('filters')}: a peer has no names of its own"
        )
    unsaid.tell(section, unsaid.PEER)
    section.rest()
    return base, {**changed.keys(), **more}


def secret(section: Section, key: str, text: str, name: str, number: int | None = None) -> str:
    """A reference to a secret, which no fleet file holds itself; one that is written out becomes a variable."""
    found = variables.names(text)
    if len(found) == 1 and variables.filled(text, lambda _: "") == "":
        return str(Reference("env", found[0]))
    variable = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.upper())
    variable = f"_{variable}" if variable[0].isdigit() else variable
    at = section.node.pairs[key]
    at = at if number is None else at.items[number]
    where = section.label(key) if number is None else label((*section.path, key, number))
    message = f"{where} is a secret, which a fleet file only names: it becomes `${{env:{variable}}}`"
    section.context.said.warn(at, message, hint=f"set the variable `{variable}` to it for `remuda up`")
    return str(Reference("env", variable))


def profiles(above: Section) -> None:
    """Profiles are switched at run time, and none is on at the start."""
    for name, node in above.node.pairs.items():
        pins = ", ".join(f"`{pin}`" for pin in found.pairs) if (found := node.get("pins")) else ""
        message = f"the profile `{name}` is left out: Remuda has none, and llama-swap starts without one"
        hint = f"write routes for {pins} if they are always to lead there" if pins else None
        above.context.said.warn(node.key, message, hint=hint)
