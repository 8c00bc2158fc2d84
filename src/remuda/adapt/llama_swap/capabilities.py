"""What a model can do: `capabilities`, in the words of a fleet file.

What the engine's settings tell already is not written again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from remuda.adapt.llama_swap.section import Section
from remuda.engines import ENGINES
from remuda.spec.defaults import COMMAND

_INPUTS: Final = {"text": "chat", "image": "vision", "audio": "audio"}


def capabilities(section: Section, keys: Mapping[str, Any]) -> dict[str, Any]:
    """`capabilities` and `context_length` of a model with these keys."""
    about = section.section("capabilities")
    taken, given = (_words(about, key) for key in ("in", "out"))
    words = {"tools": about.flag("tools"), "reranking": about.flag("reranker")}
    chats = "text" in (given or taken)
    found = [_INPUTS[word] for word in taken if word != "text" or chats]
    found += [word for word, is_able in words.items() if is_able]
    context = about.whole("context") or 0
    about.rest()
    engine = ENGINES[keys.get("engine", COMMAND)]
    told = engine.capabilities(keys.get("settings", {}))
    length = engine.context_length(keys.get("settings", {}), keys.get("environment", {}))
    able = {} if not found or _known(told) == set(found) else {"capabilities": found}
    return able | ({"context_length": context} if context > 0 and context != length else {})


def _known(told: Collection[str]) -> set[str]:
    """What the engine tells, as far as llama-swap has words for it."""
    return {*_INPUTS.values(), "tools", "reranking"} & set(told)


def _words(about: Section, key: str) -> list[str]:
    found: list[str] = []
    for word, item in about.texts(key):
        if word not in _INPUTS:
            message = f"{about.label(key)} has `{word}`: expected `text`, `image` or `audio`"
            about.context.said.refuse(item, message, path=about.fleet_path)
            continue
        if key == "out" and word != "text":
            message = f"{about.label(key)}: `{word}` is left out: a fleet file has no word for what gives it"
            about.context.said.warn(item, message, path=about.fleet_path)
        found.append(word)
    return list(dict.fromkeys(found))
