"""The whole configuration with its macros put in, as llama-swap has it before it looks at any key.

`${PORT}` stays where Remuda fills it in itself when it starts an instance. Elsewhere a model gets the number that
llama-swap would give it, in the order of the models' IDs, and is listed in `fixed`: its port may not change any more.

Source: resolveConfigMacros in internal/config/macros.go of mostlygeek/llama-swap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from remuda.adapt.llama_swap.macros import MAX_TEXT, Budget, Scope, TooLargeError
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import Node, Plain, kind, texts
from remuda.quoting.llama_swap import MACRO, spelled, without_comments
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.nearest import suggestion

MAX_MODELS: Final = 1000
PORT: Final = "${PORT}"
DEFAULT_PROXY: Final = "http://localhost:${PORT}"
FIRST_PORT: Final = 5800

_RESERVED: Final = ("PID", "PORT", "MODEL_ID")
_MACRO_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME: Final = 63
_HINTS: Final = 50
_MANY: Final = 300
"""Among so many names nobody looks for the one that was meant."""
_TOLD: Final = 10
"""How many undefined names of one text are told."""
_FILLED_LATER: Final = ("cmd", "cmdStop", "env", "proxy")
"""Where `${PORT}` is only known when an instance starts."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """The configuration. `ports`: what models would get; `fixed`: those of them that say theirs to others."""

    root: Node
    ports: Mapping[str, int] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()


def expand(root: Node, known: frozenset[str], said: Said) -> Expanded:
    """Everything put in; `known` are the keys at the top that mean something, of which alone an error is told."""
    return _Expansion(root, known, said).expanded()


class _Expansion:
    def __init__(self, root: Node, known: frozenset[str], said: Said) -> None:
        self._root = root
        self._known = known
        self._said = said
        self._budget = Budget()
        self._globals = self._definitions(root, ())
        self._scope_of_all = Scope(self._globals, self._budget)
        self._ports: dict[str, int] = {}
        self._fixed: set[str] = set()
        self._hints = _HINTS

    def expanded(self) -> Expanded:
        try:
            return self._expanded()
        except TooLargeError:
            message = f"the macros make a text of more than {MAX_TEXT // 2**20} MiB, or too many of them"
            self._said.refuse(self._root.get("macros") or self._root, message)
            return Expanded(self._root.of({}))

    def _expanded(self) -> Expanded:
        scope = self._scope_of_all
        rest = {key: node for key, node in self._root.pairs.items() if key not in ("macros", "models")}
        found = {key: scope.expanded(node) for key, node in rest.items()}
        self._undefined(self._root.of({key: node for key, node in found.items() if key in self._known}), ())
        models = self._root.get("models")
        if models is not None and len(models.pairs) > MAX_MODELS:
            self._said.refuse(models.key, f"`models` has more than {MAX_MODELS} models")
        elif models is not None and models.pairs:
            found["models"] = models.of(self._models(models.pairs, _first_port(found)))
        elif models is not None:
            found["models"] = models
        return Expanded(self._root.of(found), self._ports, frozenset(self._fixed))

    def _models(self, models: Mapping[str, Node], port: int) -> dict[str, Node]:
        done = dict(models)
        for model_id in sorted(models):
            if models[model_id].pairs:
                done[model_id] = self._model(model_id, models[model_id], port)
                port += model_id in self._ports
        return done

    def _model(self, model_id: str, model: Node, port: int) -> Node:
        path: Path = ("models", model_id)
        own = self._definitions(model, path)
        scope = self._scope(model_id, own)
        keys = {key: node for key, node in model.pairs.items() if key != "macros"}
        for key in ("cmd", "cmdStop"):
            if isinstance(text := keys[key].value if key in keys else None, str):
                keys[key] = keys[key].of(without_comments(text))
        if "proxy" not in keys or keys["proxy"].value is None:
            keys["proxy"] = model.of(DEFAULT_PROXY)
        found = self._with_names(scope.expanded(model.of(keys)), scope, path)
        if PORT in _text(found, "cmd"):
            self._ports[model_id] = port
            found = self._with_port(model_id, found, port)
        self._undefined(found, path)
        return found

    def _scope(self, model_id: str, own: Mapping[str, Plain]) -> Scope:
        """A model's macros. What the global ones stand for is the same for all models that define none of their own."""
        named = {"MODEL_ID": model_id}
        if not own:
            return Scope(named, self._budget, self._scope_of_all)
        return Scope({**named, **self._globals, **own}, self._budget)

    def _with_port(self, model_id: str, model: Node, port: int) -> Node:
        scope = Scope({"PORT": port}, self._budget)
        keys = dict(model.pairs)
        for key, node in keys.items():
            if key not in _FILLED_LATER and any(PORT in text for _, _, text in texts(node)):
                self._fixed.add(model_id)
                keys[key] = scope.expanded(node)
        return self._with_names(model.of(keys), scope, ("models", model_id))

    def _with_names(self, model: Node, scope: Scope, path: Path) -> Node:
        """The keys of `setParamsByID`, the only ones that are expanded."""
        filters = model.get("filters")
        named = filters.get("setParamsByID") if filters else None
        if filters is None or named is None or not any("${" in key for key in named.pairs):
            return model
        found: dict[str, Node] = {}
        for key, node in named.pairs.items():
            name = spelled(scope.put_in(key))
            if name in found:
                where = label((*path, "filters", "setParamsByID", name))
                self._said.refuse(node.key, f"{where} is given twice, once its macros are put in", path=path)
            found[name] = node
        return model.of({**model.pairs, "filters": filters.of({**filters.pairs, "setParamsByID": named.of(found)})})

    def _definitions(self, above: Node, path: Path) -> dict[str, Plain]:
        node = above.get("macros")
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self._said.refuse(node, f"{label((*path, 'macros'))} must be a mapping, not {kind(node)}")
        found = {}
        for name, value in node.pairs.items():
            if problem := _wrong(name, value):
                self._said.refuse(value.key, f"the macro `{name}` {problem}")
            elif not isinstance(value.value, dict | list):
                found[name] = value.value
        return found

    def _undefined(self, node: Node, path: Path) -> None:
        """Whatever still looks like a macro; a process ID may stand where a model is stopped."""
        for where, at, text in (*texts(node), *_named(node)):
            for name in islice(dict.fromkeys(MACRO.findall(text)), _TOLD):
                if path and _stays(name, where, node):
                    continue
                message = f"{label((*path, *where))} {self._why(name, path)}"
                self._said.refuse(at, message, hint=self._hint(name), path=path)

    def _why(self, name: str, path: Path) -> str:
        if name == "PORT" and path:
            return "has `${PORT}`, which a model only has if its `cmd` does"
        if name in _RESERVED:
            return f"has `${{{name}}}`, which is not known here"
        known = "is defined later, or only for a model" if name in self._globals else "is not defined"
        return f"has `${{{name}}}`: the macro `{name}` {known}"

    def _hint(self, name: str) -> str | None:
        if name in _RESERVED or name in self._globals:
            return None
        self._hints -= 1
        return suggestion(name, self._globals) if self._hints >= 0 and len(self._globals) < _MANY else None


def _stays(name: str, where: Path, model: Node) -> bool:
    """Whether a name is filled in later; a `proxy` without a port is judged with the model."""
    if name == "PORT":
        return where[0] == "proxy" or (where[0] in _FILLED_LATER and PORT in _text(model, "cmd"))
    return name == "PID" and where[0] == "cmdStop"


def _named(node: Node) -> Iterator[tuple[Path, Node, str]]:
    named = node.get("filters", "setParamsByID")
    for key, child in named.pairs.items() if named else ():
        yield ("filters", "setParamsByID", key), child, key


def _text(node: Node, key: str) -> str:
    found = node.get(key)
    return found.value if found and isinstance(found.value, str) else ""


def _first_port(found: Mapping[str, Node]) -> int:
    value = found["startPort"].value if "startPort" in found else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else FIRST_PORT


def _wrong(name: str, node: Node) -> str | None:
    """What is wrong with a definition."""
    if len(name) > _LONGEST_NAME:
        return f"is longer than {_LONGEST_NAME} characters"
    if not _MACRO_NAME.fullmatch(name):
        return "must hold only letters, digits, `_` and `-`"
    if name in _RESERVED:
        return "has a reserved name"
    if node.value is None or isinstance(node.value, dict | list):
        return f"must be a single value, not {kind(node)}"
    if isinstance(node.value, str) and f"${{{name}}}" in node.value:
        return "stands for itself"
    return None
