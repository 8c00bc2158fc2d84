"""The description of the API for programs: an OpenAPI 3.1 document, made from the operations themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from remuda import __version__
from remuda.daemon.control.operation import EVENTS, JSON, TEXT, Error, Operation

PATH = "/api/openapi.json"
_SCHEMAS = "#/components/schemas/{name}"
_PATH_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document."""
    operations = tuple(operations)
    types = [operation.answer for operation in operations if not _is_content_type(operation.answer)]
    _, components = msgspec.json.schema_components([Error, *types], ref_template=_SCHEMAS)
    paths: dict[str, dict[str, Any]] = {
        PATH: {"get": {"summary": "This document", "responses": {"200": _response("The document", {"type": "object"})}}}
    }
    for operation in operations:
        paths.setdefault(_PATH_PARAMETER.sub(r"{\1}", operation.path), {})[operation.method.lower()] = _told(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Remuda's control API",
            "version": __version__,
            "description": "On the daemon's unix socket, and for keys with `admin` at the gateway's address.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _told(operation: Operation) -> dict[str, Any]:
    refused = _schema(Error)
    responses = {"200": _answer(operation)} | {
        str(status): _response(when, refused) for status, when in sorted(operation.errors.items())
    }
    return {
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": responses,
    }


def _answer(operation: Operation) -> dict[str, Any]:
    if _is_content_type(operation.answer):
        return {"description": operation.summary, "content": {operation.answer: {"schema": {"type": "string"}}}}
    return _response(operation.summary, _schema(operation.answer))


def _response(about: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {JSON: {"schema": schema}}}


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_SCHEMAS)
    return schema


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _PATH_PARAMETER.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    _, components = msgspec.json.schema_components([operation.query], ref_template=_SCHEMAS)
    query = components[operation.query.__name__]
    for name, schema in query["properties"].items():
        yield {"name": name, "in": "query", "required": name in query.get("required", ()), "schema": schema}


def _is_content_type(answer: Any) -> bool:
    return answer in {TEXT, EVENTS}
