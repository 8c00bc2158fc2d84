"""The grammar of model IDs: `<family>-<size>[-backend/variant][-context][-vl]-<placement>`.

`qwen3.6-27b-vllm-145k-vl-cuda0` is family `qwen3.6`, size `27b`, variant `vllm`, context `145k`, vision-language,
placed on `cuda0`. The family is everything before the first size; the placement is always last; `thinking` is never
part of an ID. A fleet works with any ID: this is a convention that `remuda check` lints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

FORM: Final = "<family>-<size>[-backend/variant][-context][-vl]-<placement>"

_SIZE: Final = re.compile(r"e?\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)?[mbt]")
_ACTIVE: Final = re.compile(r"a\d+(?:\.\d+)?b")
_CONTEXT: Final = re.compile(r"\d+(?:\.\d+)?[km]")
_PLACEMENT: Final = re.compile(r"cuda\d+|rocm\d+|cpu|dual|all")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._:/]*")


@dataclass(frozen=True, slots=True)
class ModelId:
    """The parts of an ID; `str()` puts them together again."""

    family: str
    size: str
    placement: str
    variant: str | None = None
    context: str | None = None
    vision: bool = False

    def __str__(self) -> str:
        parts = (self.family, self.size, self.variant, self.context, "vl" if self.vision else None, self.placement)
        return "-".join(part for part in parts if part)


def parse(text: str) -> ModelId | None:
    """The parts of an ID, or None if it does not follow the grammar (`flaws` says why)."""
    if flaws(text):
        return None
    *words, placement = text.split("-")
    start, end = _size_span(words)
    variant, context, vision = _tail(words[end:])
    family, size = "-".join(words[:start]), "-".join(words[start:end])
    return ModelId(family, size, placement, "-".join(variant) or None, context, vision)


def flaws(text: str) -> tuple[str, ...]:
    """Everything in which an ID departs from the grammar, as sentences about it."""
    words = text.split("-")
    return tuple(flaw for check in (_words, _placement, _size, _order) for flaw in check(words))


def _size_span(words: list[str]) -> tuple[int, int]:
    """Where the size begins and ends, the first that has a family before it; (0, 0) if there is none."""
    for index, word in enumerate(words):
        if index and _SIZE.fullmatch(word):
            is_mixture = index + 1 < len(words) and _ACTIVE.fullmatch(words[index + 1]) is not None
            return index, index + 1 + is_mixture
    return 0, 0


def _tail(words: list[str]) -> tuple[list[str], str | None, bool]:
    """The variant, the context and whether there is `vl`, from what is between size and placement."""
    rest = list(words)
    vision = rest[-1:] == ["vl"] and bool(rest.pop())
    context = rest.pop() if rest and _CONTEXT.fullmatch(rest[-1]) else None
    return rest, context, vision


def _words(words: list[str]) -> list[str]:
    wrong = [word for word in words if not _WORD.fullmatch(word)]
    flaws = [f"`{wrong[0]}` is not of lower-case letters, digits and `._:/`"] if wrong else []
    return flaws + (["`thinking` does not belong in an ID"] if "thinking" in words else [])


def _placement(words: list[str]) -> list[str]:
    if _PLACEMENT.fullmatch(words[-1]):
        return []
    earlier = [word for word in words if _PLACEMENT.fullmatch(word)]
    if earlier:
        return [f"the placement `{earlier[-1]}` is not last"]
    return ["the placement is missing at the end (`cuda0`, `rocm0`, `dual`, `cpu`, …)"]


def _size(words: list[str]) -> list[str]:
    if _size_span(words)[0]:
        return []
    has_size = _SIZE.fullmatch(words[0])
    return ["the family is missing before the size"] if has_size else ["the size is missing (`27b`, `0.6b`, `30b-a3b`)"]


def _order(words: list[str]) -> list[str]:
    end = _size_span(words)[1]
    tail = words[end:] if end else []
    variant, _, _ = _tail(tail[:-1] if tail and _PLACEMENT.fullmatch(tail[-1]) else tail)
    flaws = ["`vl` is not directly before the placement"] if "vl" in variant else []
    misplaced = [word for word in variant if _CONTEXT.fullmatch(word)]
    return flaws + [f"the context `{word}` is not directly before `vl` or the placement" for word in misplaced]
