"""The JSON schemas of the fleet and variants files, made from the models; editors complete and check with them.

They hold the shape. What keys mean together is more than a schema can say: `remuda check` judges that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from remuda.spec.fleet import Fleet
from remuda.spec.values import NAME_PATTERN
from remuda.spec.variants import Variants

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(engines: Iterable[str]) -> dict[str, Any]:
    """The schema; `engines` are the names that `engine` and `engines` take."""
    made = Fleet.model_json_schema()
    names = sorted(engines)
    model = made["$defs"]["Model"]["properties"]
    made["properties"]["engines"]["propertyNames"] = {"enum": names}
    model["engine"] = {"enum": names, "description": model["engine"]["description"]}
    for section in ("models", "routes"):
        made["properties"][section]["propertyNames"] = {"pattern": f"^{NAME_PATTERN}$"}
    return {"$schema": DIALECT, "title": "Remuda fleet file", **_plain(made)}


def variants_schema() -> dict[str, Any]:
    """The schema of the variants file."""
    return {"$schema": DIALECT, "title": "Remuda variants file", **_plain(Variants.model_json_schema())}


def _plain(node: Any) -> Any:
    """Without what pydantic adds for its own purposes, and with names of keys in one way (`propertyNames`)."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _plain(value) for key, value in node.items() if not _is_noise(key, value)}
    for pattern, values in kept.pop("patternProperties", {}).items():
        kept |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
    forms = [form for form in kept.pop("anyOf", []) if form != {"type": "null"}]
    return {**forms[0], **kept} if len(forms) == 1 else {**kept, "anyOf": forms} if forms else kept


def _is_noise(key: str, value: Any) -> bool:
    """Titles made of names, and defaults that say no more than that a key may be left out."""
    return (key == "title" and isinstance(value, str)) or (key == "default" and value in (None, {}, []))
