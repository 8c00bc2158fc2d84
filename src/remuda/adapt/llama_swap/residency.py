"""Which models may be up together: groups or a matrix, in the old spelling or the new.

The fleet file knows both, with the same results. Without either, llama-swap has one model up at a time: that becomes a
group of all, since Remuda would go by their memory. In the sets of a matrix every name becomes a model's ID.

Sources: internal/config/{load,matrix}.go and internal/matrix of mostlygeek/llama-swap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from remuda.adapt.llama_swap.names import Names
from remuda.adapt.llama_swap.section import Section
from remuda.spec.form import FormError
from remuda.spec.sets import Either, Expression, Include, Member, Together, families, parse

ALL: Final = "all"
"""The group that stands for one model at a time."""

MAX_SETS: Final = 2**17
"""Characters of all expressions of a matrix."""

_IDENTIFIER: Final = re.compile(r"[\w.-]+")
_SET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_ROUTERS: Final = ("group", "matrix")
_FLAGS: Final = {"swap": True, "exclusive": True, "persistent": False}


def residency(top: Section, names: Names, here: Sequence[str]) -> dict[str, Any]:
    """The section of that name; `here` are the models that run on this machine."""
    router = top.section("routing").section("router")
    settings = router.section("settings")
    use, said = router.text("use"), top.context.said
    is_old, is_new = (
        bool(section.section("groups").node.pairs) or section.has("matrix") for section in (top, settings)
    )
    if is_old and (use or is_new):
        at = router.node.key
        said.refuse(at, "`routing.router` stands beside `groups` or `matrix`", hint="remove one of the two spellings")
    above = top if is_old else settings
    if use and use not in _ROUTERS:
        said.refuse(router.node.pairs["use"], f"{router.label('use')} must be `group` or `matrix`, not `{use}`")
    is_matrix = above.has("matrix") if is_old else use == "matrix"
    if above.has("groups") and above.has("matrix"):
        _unused(above, "groups" if is_matrix else "matrix", is_wrong=is_old)
    found = _matrix(above.section("matrix"), names) if is_matrix else _groups(above, names)
    if not found and not is_matrix and len(here) > 1:
        found = {"groups": {ALL: {"members": [names.models[source_id] for source_id in here]}}}
    for section in (router, settings):
        section.rest()
    return found


def priorities(top: Section, names: Names) -> dict[str, int]:
    """The priorities of the scheduler, by the models' IDs in the fleet."""
    routing = top.section("routing")
    routing.has("router")
    scheduler = routing.section("scheduler")
    if (use := scheduler.text("use")) not in (None, "fifo"):
        scheduler.context.said.refuse(
            scheduler.node.pairs["use"], f"{scheduler.label('use')} must be `fifo`, not `{use}`"
        )
    settings = scheduler.section("settings")
    priority = settings.section("fifo").section("priority")
    found = {}
    for name in priority.node.pairs:
        value, model_id = priority.whole(name), names.model(name)
        if model_id is None:
            names.miss(name, priority.node.pairs[name].key, priority.label())
        elif value:
            found[model_id] = value
    for section in (settings.section("fifo"), settings, scheduler, routing):
        for key in ("priority", "fifo", "use", "settings", "router", "scheduler"):
            section.has(key)
        section.rest()
    return found


def _groups(above: Section, names: Names) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    group_of: dict[str, str] = {}
    for name, section in above.sections("groups").items():
        flags = {key: section.flag(key, default=default) for key, default in _FLAGS.items()}
        members = []
        for text, item in section.texts("members"):
            member = names.models.get(text)
            if member is None:
                names.miss(text, item, section.label("members"))
            elif member in group_of:
                message = f"{section.label('members')}: `{text}` is in the group `{group_of[member]}` already"
                section.context.said.refuse(item, message)
            else:
                group_of[member] = name
                members.append(member)
        section.rest()
        if members:
            groups[name] = {"members": members, **{key: flags[key] for key in flags if flags[key] != _FLAGS[key]}}
    return {"groups": groups} if groups else {}


def _matrix(section: Section, names: Names) -> dict[str, Any]:
    short, variables = {}, section.section("vars")
    for name, node in variables.node.pairs.items():
        model_id = variables.text(name) or ""
        if model_id in names.models:
            short[name] = names.models[model_id]
        else:
            names.miss(model_id, node, variables.label(name))
    known = {**names.models, **short}
    sets = _sets(section, known, names)
    costs = _costs(section, known, names)
    section.rest()
    return {"sets": sets, **({"evict_costs": costs} if costs else {})} if sets else {}


def _costs(section: Section, known: Mapping[str, str], names: Names) -> dict[str, int]:
    costs = section.section("evict_costs")
    found = {}
    for name, node in costs.node.pairs.items():
        cost = costs.whole(name)
        if name not in known:
            names.miss(name, node.key, costs.label())
        elif cost is not None and cost < 1:
            costs.context.said.refuse(node, f"{costs.label(name)} must be more than 0")
        elif cost is not None:
            found[known[name]] = cost
    return found


def _sets(section: Section, known: Mapping[str, str], names: Names) -> dict[str, str]:
    above = section.section("sets")
    texts = {name: text for name in above.node.pairs if (text := above.text(name)) is not None}
    if not texts:
        section.context.said.refuse(section.node.key, f"{section.label('sets')} has no set")
    if sum(map(len, texts.values())) > MAX_SETS:
        section.context.said.refuse(above.node.key, f"{above.label()} has more than {MAX_SETS} characters")
        return {}
    called = {name: name if _SET_NAME.fullmatch(name) else f"set{number}" for number, name in enumerate(texts, 1)}
    found: dict[str, str] = {}
    for name in texts:
        try:
            spelled = _Set(above, name, known, called, names).spelled()
        except FormError as error:
            above.context.said.refuse(above.node.pairs[name], f"{above.label(name)} {error.message}", hint=error.hint)
            continue
        if spelled:
            found[called[name]] = spelled
    return _possible(above, found)


def _possible(above: Section, found: dict[str, str]) -> dict[str, str]:
    try:
        families(found)
    except FormError as error:
        above.context.said.refuse(above.node.key, f"{above.label()} {error.message}", hint=error.hint)
    return found


@dataclass(frozen=True, slots=True)
class _Set:
    """One expression, whose names become the IDs of models; those that mean none are left out."""

    above: Section
    name: str
    known: Mapping[str, str]
    called: Mapping[str, str]
    names: Names

    @property
    def text(self) -> str:
        """The expression as it is written."""
        return self.above.text(self.name) or ""

    def spelled(self) -> str:
        """The expression of the fleet; raises `FormError` for what is none."""
        safe = _IDENTIFIER.sub(lambda match: re.sub(r"[^A-Za-z0-9.-]|^[.-]", "x", match[0]), self.text)
        return self._spelled(parse(safe))

    def _spelled(self, expression: Expression) -> str:
        match expression:
            case Member(_, offset):
                return self._member(self._identifier(offset))
            case Include(_, offset):
                return self._include(self._identifier(offset + 1))
            case Together(operands):
                found = [(operand, self._spelled(operand)) for operand in operands]
                is_one = sum(bool(text) for _, text in found) < 2  # noqa: PLR2004 (one needs no parentheses)
                return " & ".join(
                    f"({text})" if isinstance(operand, Either) and " | " in text and not is_one else text
                    for operand, text in found
                    if text
                )
            case Either(operands):
                return " | ".join(filter(None, map(self._spelled, operands)))

    def _identifier(self, offset: int) -> str:
        found = _IDENTIFIER.match(self.text, offset)
        return found[0] if found else ""

    def _member(self, name: str) -> str:
        if name not in self.known:
            self.names.miss(name, self.above.node.pairs[self.name], self.above.label(self.name))
        return self.known.get(name, "")

    def _include(self, name: str) -> str:
        if name not in self.called:
            message = f"{self.above.label(self.name)} includes the unknown set `{name}`"
            self.above.context.said.refuse(self.above.node.pairs[self.name], message)
        return f"+{self.called[name]}" if name in self.called else ""


def _unused(above: Section, key: str, *, is_wrong: bool) -> None:
    node = above.node.pairs[key]
    if is_wrong:
        above.context.said.refuse(node.key, "`groups` and `matrix` exclude each other", hint="remove one of the two")
    else:
        above.context.said.warn(node.key, f"{above.label(key)} is left out: `routing.router.use` chooses the other")
