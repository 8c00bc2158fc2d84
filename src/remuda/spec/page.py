"""The reference page of the fleet file, made from its schema, so that the two never differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_INTRODUCTION: Final = """\
# The fleet file

<!-- Generated from the models by scripts/generate. -->

`remuda.yaml` says which models there are, what runs them, and the names under which they answer. It is YAML 1.2; our
keys are in snake_case, flags under `settings` are the engine's own. Unknown keys are refused. `remuda check` reports
everything that is wrong with a file, with line and column; `remuda schema` prints the JSON schema for editors:

```yaml
# yaml-language-server: $schema=remuda.schema.json
```

| Kind of value | Is written |
|---|---|
| memory | bytes, or a number with `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), `kB`, `MB`, `GB`, `TB` (of 1000) |
| duration | `15m`, `90s`, `1h30m`, `500ms`, `2d`, `0`, or `never` |
| reference | `${env:NAME}`, `${file:path}`, `${cred:name}`; `$$` is a dollar sign. Resolved when an instance starts |
| placeholder | `${PORT}`, `${MODEL_ID}`, in `cmd` and `environment` of the engine `command`, and in `hooks` |
| affinity | `prefix`, or `header:NAME` |
| model ID | letters, digits and `._:/-`, beginning with a letter or digit |
"""

_SECTIONS: Final = (
    ("", None),
    ("gateway", "Gateway"),
    ("gateway.keys[]", "Key"),
    ("gateway.tls", "Tls"),
    ("gateway.limits", "Limits"),
    ("engines.<engine>", "EngineDefaults"),
    ("models.<model ID>", "Model"),
    ("models.<model ID>.limits", "ProcessLimits"),
    ("models.<model ID>.hooks", "Hooks"),
    ("routes.<name>: lane", "Lane"),
    ("routes.<name>: split", "Split"),
    ("routes.<name>: failover", "Failover"),
    ("routes.<name>: warm", "Warm"),
    ("routes.<name>: spillover", "Spillover"),
    ("routes.<name>: replicas", "Replicas"),
    ("residency", "Residency"),
    ("residency.groups.<name>", "Group"),
    ("nix", "Nix"),
    ("nix.wheels.<platform>[]", "Wheel"),
    ("lint", "Lint"),
)
"""Where each definition of the schema is in the file, in the order of the page."""


def page(schema: Mapping[str, Any]) -> str:
    """Markdown for a schema made by `remuda.spec.schema.schema`."""
    sections = (_section(title, schema["$defs"][name] if name else schema, schema) for title, name in _SECTIONS)
    return _INTRODUCTION + "".join(sections)


def _section(title: str, definition: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    heading = f"`{title}`" if title else "Top level"
    required = definition.get("required", ())
    rows = (_row(name, field, schema, is_required=name in required) for name, field in definition["properties"].items())
    lines = ("", f"## {heading}", "", definition["description"], "", "| Key | Value | |", "|---|---|---|", *rows, "")
    return "\n".join(lines)


def _row(name: str, field: Mapping[str, Any], schema: Mapping[str, Any], *, is_required: bool) -> str:
    definition = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
    notes = [field.get("description") or definition.get("description", "")]
    if is_required:
        notes.append("Required.")
    if "default" in field:
        notes.append(f"Default: `{_yaml(field['default'])}`.")
    notes += [f"Example: `{_yaml(example)}`." for example in field.get("examples", ())[:1]]
    cells = (f"`{name}`", _kind(field, schema), " ".join(notes))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _kind(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A value's kind in a few words."""
    return " or ".join(dict.fromkeys(_kinds(field, schema)))


def _kinds(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    if reference := field.get("$ref"):
        definition = reference.rpartition("/")[2]
        yield f"[`{_title(definition)}`](#{_anchor(definition)})"
    elif "format" in field:
        yield str(field["format"])
    elif "enum" in field:
        yield ", ".join(f"`{value}`" for value in field["enum"])
    elif "const" in field:
        yield f"`{_yaml(field['const'])}`"
    elif "anyOf" in field or "oneOf" in field:
        for form in field.get("anyOf") or field["oneOf"]:
            yield from _kinds(form, schema)
    elif field.get("type") == "array":
        yield f"list of {_kind(field['items'], schema)}"
    elif field.get("type") == "object":
        values = field.get("additionalProperties")
        yield f"mapping of {_kind(values, schema)}" if isinstance(values, Mapping) and values else "mapping"
    else:
        kinds = field.get("type", "any value")
        names = {"string": "text", "integer": "whole number", "boolean": "`true`, `false`"}
        yield from (names.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _title(definition: str) -> str:
    return next(title for title, name in _SECTIONS if name == definition)


def _anchor(definition: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = (letter for letter in _title(definition).lower() if letter.isalnum() or letter in "_- ")
    return "".join(kept).replace(" ", "-")


def _yaml(value: Any) -> str:
    """A value on one line, as the fleet file writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(item)}' for key, item in value.items())}}}"
    return json.dumps(value)
