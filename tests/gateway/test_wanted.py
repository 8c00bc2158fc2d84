from __future__ import annotations

import pytest

from remuda.gateway.api import Source, find
from remuda.gateway.envelope import Answer
from remuda.gateway.head import RequestHead, read_head
from remuda.gateway.peek import Peek, peek
from remuda.gateway.shapes import Shape
from remuda.gateway.wanted import Asker, Wanted, wanted, wanted_by_peek

ASKER = Asker({"tiny", "org/tiny"}.__contains__, lambda: 0.0)
FORM = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\ntiny\r\n--b--\r\n'


def ask(method: bytes, target: bytes, body: bytes = b"", content_type: bytes = b"") -> Wanted | Answer:
    head = read_head(method, target, "1.1", [(b"host", b"x"), (b"content-type", content_type)])
    assert isinstance(head, RequestHead)
    api = find(head.target.path)
    assert api is not None
    if api.source is Source.JSON and api.shape is not Shape.OLLAMA:
        found = peek(body)
        assert isinstance(found, Peek), found
        return wanted_by_peek(api, head, found)
    return wanted(api, head, body, ASKER)


@pytest.mark.parametrize(
    ("method", "target", "body", "model", "path"),
    [
        (b"POST", b"/chat/completions?x=1", b'{"model":"m"}', "m", b"/v1/chat/completions?x=1"),
        (b"POST", b"/v1/audio/transcriptions", FORM, "tiny", b"/v1/audio/transcriptions"),
        (b"GET", b"/v1/audio/voices?model=m", b"", "m", b"/v1/audio/voices?model=m"),
        (b"DELETE", b"/upstream/org/tiny/a/?x", b"", "org/tiny", b"/a/?x"),
        (b"POST", b"/api/chat", b'{"model":"tiny:latest","messages":[]}', "tiny", b"/api/chat"),
        (b"POST", b"/api/chat", b'{"model":"other:latest","messages":[]}', "other", b"/api/chat"),
    ],
)
def test_the_model_and_what_its_engine_is_asked(
    method: bytes, target: bytes, body: bytes, model: str, path: bytes
) -> None:
    found = ask(method, target, body, b"multipart/form-data; boundary=b" if body is FORM else b"")
    assert isinstance(found, Wanted)
    assert (found.model, found.path) == (model, path)


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        (b"POST", b"/v1/audio/transcriptions", FORM, b"invalid_form"),
        (b"GET", b"/props", b"", b"invalid_model"),
        (b"GET", b"/props?model=a&model=b", b"", b"invalid_model"),
        (b"GET", b"/upstream/tiny/../x", b"", b"malformed_request"),
        (b"POST", b"/api/chat", b"[]", b"invalid"),
    ],
)
def test_what_names_no_model_is_refused(method: bytes, target: bytes, body: bytes, code: bytes) -> None:
    found = ask(method, target, body)
    assert isinstance(found, Answer)
    assert found.status == 400
    assert code in found.body


@pytest.mark.parametrize(
    ("method", "target", "observes"),
    [
        (b"GET", b"/upstream/tiny/metrics", True),
        (b"GET", b"/upstream/tiny/health?x", True),
        (b"HEAD", b"/upstream/tiny/slots", True),
        (b"POST", b"/upstream/tiny/slots", False),
        (b"GET", b"/upstream/tiny/", False),
        (b"GET", b"/props?model=tiny", True),
    ],
)
def test_a_look_is_no_use(method: bytes, target: bytes, *, observes: bool) -> None:
    found = ask(method, target)
    assert isinstance(found, Wanted)
    assert found.observes is observes


@pytest.mark.parametrize(
    ("target", "body", "streams"),
    [
        (b"/v1/completions", b'{"model":"m","stream":true}', True),
        (b"/v1/completions", b'{"model":"m"}', False),
        (b"/api/chat", b'{"model":"m","messages":[]}', True),
        (b"/api/chat", b'{"model":"m","messages":[],"stream":false}', False),
    ],
)
def test_who_reads_a_stream(target: bytes, body: bytes, *, streams: bool) -> None:
    found = ask(b"POST", target, body)
    assert isinstance(found, Wanted)
    assert found.streams is streams
