"""The options of `services.remuda.settings`, made of the JSON schema of the fleet file: `nix/options.nix`.

Every key of the file is an option with its type and description, so that NixOS reports a wrong one at its place. What a
key holds is checked as far as types of nixpkgs go; `remuda check` says the rest while the machine is built. Options
that are not set are null and left out of the file; within settings of engines and variables a null means something and
stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from remuda.render.nix.expression import (
    Apply,
    Binding,
    Expression,
    File,
    Function,
    If,
    Inherit,
    Let,
    List,
    Name,
    Operation,
    Pattern,
    Set,
    bind,
    call,
    ref,
)
from remuda.render.nix.value import value

_HEAD: Final = "Made by scripts/generate from the schema of the fleet file."
_SCALARS: Final = {"string": "types.str", "boolean": "types.bool", "number": "types.number"}
_DROPPED: Final = "dropped"
_DEFINITIONS: Final = "#/$defs/"
_ANYTHING: Final = ref("types.anything")

Schema = Mapping[str, Any]


def options_file(schema: Schema) -> File:
    """The file: a function of `lib` whose value are the options of all sections."""
    definitions = (
        Binding((_variable(name),), _section(each, schema), is_apart=True) for name, each in schema["$defs"].items()
    )
    known = (Inherit(("mkOption", "types"), Name("lib")), bind(_DROPPED, _without_nulls(), "A section without nulls."))
    body = Let((*known, *definitions), _options(schema, schema))
    return File(Function(Pattern({"lib": None}), body), _HEAD)


def _without_nulls() -> Expression:
    is_kept = Function("_", Function("each", Operation("!=", (Name("each"), Name("null")))))
    kept = call("lib.filterAttrs", is_kept, Name("set"))
    return Function("set", If(call("builtins.isAttrs", Name("set")), kept, Name("set")))


def _variable(name: str) -> str:
    return f"{name[:1].lower()}{name[1:]}"


def _section(schema: Schema, root: Schema) -> Expression:
    return call("types.submodule", Set((bind("options", _options(schema, root)),)))


def _options(schema: Schema, root: Schema) -> Set:
    required = schema.get("required", ())
    entries = (
        Binding((key,), _option(each, root, is_required=key in required)) for key, each in schema["properties"].items()
    )
    return Set(tuple(entries))


def _option(schema: Schema, root: Schema, *, is_required: bool) -> Expression:
    kind, may_be_null = _type(schema, root)
    if may_be_null or not is_required:
        kind = call("types.nullOr", kind)
    entries = [bind("type", kind)]
    if not is_required:
        entries.append(bind("default", Name("null")))
    if apply := _apply(schema, root):
        entries.append(bind("apply", apply))
    if "description" in schema:
        entries.append(bind("description", value(schema["description"])))
    return call("mkOption", Set(tuple(entries)))


def _apply(schema: Schema, root: Schema) -> Expression | None:
    """What takes the options that are not set out of the sections in a value."""
    cleaned = _cleaned(schema, root)
    return _unless_null(cleaned) if isinstance(cleaned, Apply) else cleaned


def _cleaned(schema: Schema, root: Schema) -> Name | Apply | None:
    """The same for a value that is not null, however deep its sections lie."""
    kinds = list(_variants(schema, root))
    if any("properties" in kind for kind in kinds):
        return Name(_DROPPED)
    for kind in kinds:
        if "items" in kind and (each := _cleaned(kind["items"], root)):
            return call("map", each)
        inner = kind.get("additionalProperties")
        if isinstance(inner, Mapping) and (each := _cleaned(inner, root)):
            return call("builtins.mapAttrs", Function("_", each))
    return None


def _unless_null(function: Apply) -> Expression:
    given = Name("given")
    applied = Apply(function.function, (*function.arguments, given))
    return Function("given", If(Operation("==", (given, Name("null"))), Name("null"), applied))


def _type(schema: Schema, root: Schema) -> tuple[Expression, bool]:
    """The type, and whether null is one of its values."""
    variants = list(_variants(schema, root))
    kinds = [each for each in variants if each.get("type") != "null"]
    may_be_null = len(kinds) < len(variants)
    if not kinds or sum("properties" in each for each in kinds) > 1:
        return _ANYTHING, may_be_null
    types = list({repr(each): each for each in (_single(kind, root) for kind in kinds)}.values())
    if _ANYTHING in types:
        return _ANYTHING, may_be_null
    return (types[0] if len(types) == 1 else call("types.oneOf", List(tuple(types)))), may_be_null


def _variants(schema: Schema, root: Schema) -> Iterator[Schema]:
    """The schema's alternatives, one for each type of JSON."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_DEFINITIONS)
        yield {**root["$defs"][name], "$ref": name}
        return
    for key in ("anyOf", "oneOf"):
        if key in schema:
            for each in schema[key]:
                yield from _variants(each, root)
            return
    kinds = schema.get("type")
    if isinstance(kinds, Sequence) and not isinstance(kinds, str):
        yield from ({**schema, "type": kind} for kind in kinds)
    else:
        yield schema


def _single(schema: Schema, root: Schema) -> Expression:
    if "$ref" in schema:
        return Name(_variable(schema["$ref"]))
    if "const" in schema or "enum" in schema:
        return call("types.enum", value(schema.get("enum", [schema.get("const")])))
    match schema.get("type"):
        case "integer":
            return _integer(schema)
        case "array":
            return call("types.listOf", _nested(schema.get("items", {}), root))
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return call("types.attrsOf", _nested(schema["additionalProperties"], root))
        case "object":
            return call("types.attrsOf", _ANYTHING)
        case str(kind):
            return ref(_SCALARS[kind])
    return _ANYTHING


def _nested(schema: Schema, root: Schema) -> Expression:
    kind, may_be_null = _type(schema, root)
    return call("types.nullOr", kind) if may_be_null and kind != _ANYTHING else kind


def _integer(schema: Schema) -> Expression:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return call("types.ints.between", value(low), value(high))
    named = {0: "types.ints.unsigned", 1: "types.ints.positive"}
    return ref("types.int" if low is None else named.get(low, "types.int"))
