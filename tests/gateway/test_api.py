from __future__ import annotations

import pytest

from remuda.gateway.api import CONTROL, MODEL_ENTRY, PATHS, UPSTREAM, Source, find, shape_of
from remuda.gateway.shapes import Shape


@pytest.mark.parametrize(
    ("path", "source", "upstream"),
    [
        (b"/v1/chat/completions", Source.JSON, b"/v1/chat/completions"),
        (b"/chat/completions", Source.JSON, b"/v1/chat/completions"),
        (b"/v1/responses", Source.JSON, b"/v1/responses"),
        (b"/v1/messages/count_tokens", Source.JSON, b"/v1/messages/count_tokens"),
        (b"/rerank", Source.JSON, b"/rerank"),
        (b"/v1/rerank", Source.JSON, b"/v1/rerank"),
        (b"/tokenize", Source.JSON, b"/tokenize"),
        (b"/v1/audio/transcriptions", Source.FORM, b"/v1/audio/transcriptions"),
        (b"/v1/realtime", Source.QUERY, b"/v1/realtime"),
        (b"/api/chat", Source.JSON, b"/api/chat"),
        (b"/health", Source.OURS, b""),
        (b"/metrics", Source.CONTROL, b""),
    ],
)
def test_where_a_path_leads(path: bytes, source: Source, upstream: bytes) -> None:
    api = find(path)
    assert api is not None
    assert (api.source, api.upstream) == (source, upstream)


@pytest.mark.parametrize(
    ("path", "api"),
    [
        (b"/upstream/org/model/x", UPSTREAM),
        (b"/v1/models/org/model", MODEL_ENTRY),
        (b"/api/models/unload/tiny", CONTROL),
        (b"/logs/stream/tiny", CONTROL),
        (b"/upstream", None),
        (b"/apix", None),
        (b"", None),
    ],
)
def test_a_path_may_go_on(path: bytes, api: object) -> None:
    assert find(path) == api


def test_only_what_everybody_may_know_is_open() -> None:
    assert {path for path, api in PATHS.items() if api.is_open} == {b"/", b"/health", b"/ready"}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (b"/v1/messages", Shape.ANTHROPIC),
        (b"/api/tags", Shape.OLLAMA),
        (b"/api/status", Shape.OPENAI),
        (b"/x", Shape.OPENAI),
    ],
)
def test_errors_are_told_in_the_protocol_of_the_path(path: bytes, shape: Shape) -> None:
    assert shape_of(path) is shape
