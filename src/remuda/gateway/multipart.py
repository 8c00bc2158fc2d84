"""What the gateway must know of a form with files (`multipart/form-data`, RFC 7578), and the one rewrite of it.

Only the heads of parts are read; what lies between them is searched once for the delimiter and never copied. Of two
fields of one name starlette takes the last (vLLM, SGLang), whisper.cpp the first, and llama.cpp makes a list, so there
must not be two `model`. In the same way everything is refused that readers of forms understand differently: escaped
quotes, names in other character sets, a delimiter where only some would see one. What is left is the same to all.

Every other field, and whether the engine wants it, is the engine's to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

import msgspec

from remuda.gateway.shapes import Fault

_PARTS = 1000
"""As many as starlette takes."""
_PART_HEAD_BYTES = 8 * 1024
_VALUE_BYTES = 8 * 1024

# Possessive throughout, so that no head takes longer than its length.
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
# Readers disagree on what a backslash does before a quote, so it may stand before anything else only.
_QUOTED = rb'"(?:[^"\\\r\n\0]|\\[^"\r\n\0])*+"'
_PARAMETER = re.compile(rb"[ \t]*+;[ \t]*+(%b)=(%b|%b)" % (_TOKEN, _TOKEN, _QUOTED))
_REST = re.compile(rb"[ \t]*+(?:;[ \t]*+)?")
_WORD = re.compile(_TOKEN)
_VALUE = re.compile(rb"[ \t]*+(%b(?:/%b)?)" % (_TOKEN, _TOKEN))
_FIELD = re.compile(rb"(%b):([^\r\n\0]*)" % _TOKEN)
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")

_TRUE = frozenset(("true", "1", "on", "yes", "t", "y"))
"""What pydantic reads as true in a form, in lower case."""


class Form(msgspec.Struct, frozen=True):
    """A form that has been understood. `start` and `end`: where the body holds the value of `model`."""

    model: str
    stream: bool
    boundary: bytes
    body: bytes | bytearray
    start: int
    end: int

    @property
    def content_type(self) -> bytes:
        """The content type of the body, with nothing but the boundary."""
        written = self.boundary if _WORD.fullmatch(self.boundary) else b'"%b"' % self.boundary
        return b"multipart/form-data; boundary=%b" % written

    def with_model(self, name: str) -> tuple[bytes | memoryview, ...]:
        """The body, in pieces, with another `model`; every other byte is as it came."""
        body = memoryview(self.body)
        return body[: self.start], name.encode(), body[self.end :]


class _Part(msgspec.Struct, frozen=True):
    """A part: its name, whether it is a file, and where its content is."""

    name: bytes
    is_file: bool
    start: int
    end: int


class _NotUnderstoodError(Exception):
    """Why the body is no form that all readers understand alike."""


def peek_multipart(body: bytes | bytearray, content_type: bytes) -> Form | Fault:
    """The form's `model` and `stream`, or the error to answer."""
    try:
        boundary = _boundary(content_type)
        found = _wanted(_parts(body, boundary))
    except _NotUnderstoodError as reason:
        return Fault(HTTPStatus.BAD_REQUEST, f"cannot read the body as a form: {reason}", "invalid_form")
    part = found.get(b"model")
    if part is None:
        return _model_fault("the form must have a field `model`")
    model = _text(body, part)
    if not model:
        return _model_fault("`model` must be a field with text that is not empty")
    stream = found.get(b"stream")
    is_stream = stream is not None and (_text(body, stream) or "").lower() in _TRUE
    return Form(model, is_stream, boundary, body, part.start, part.end)


def _boundary(content_type: bytes) -> bytes:
    kind, parameters = _parameters(content_type)
    if kind != b"multipart/form-data":
        raise _NotUnderstoodError("its content type must be `multipart/form-data`")
    if parameters.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise _NotUnderstoodError("its character set must be `utf-8`")
    boundary = parameters.get(b"boundary")
    if boundary is None or not _BOUNDARY.fullmatch(boundary):
        raise _NotUnderstoodError("its content type must have a `boundary` of 1 to 70 characters")
    return boundary


def _wanted(parts: Iterator[_Part]) -> dict[bytes, _Part]:
    found: dict[bytes, _Part] = {}
    for part in parts:
        if part.name in (b"model", b"stream") and found.setdefault(part.name, part) is not part:
            raise _NotUnderstoodError(f"`{part.name.decode()}` must not come twice")
    return found


def _parts(body: bytes | bytearray, boundary: bytes) -> Iterator[_Part]:
    """All parts, in one pass; complete only if the form is whole."""
    delimiter = b"\r\n--" + boundary
    at = body.find(delimiter[2:])
    if at < 0:
        raise _NotUnderstoodError("its boundary does not occur in it")
    if at > 0 and body[max(at - 2, 0) : at] != b"\r\n":
        raise _NotUnderstoodError("its first boundary must begin a line")
    at += len(delimiter) - 2
    for _ in range(_PARTS + 1):
        follows = body[at : at + 2]
        if follows == b"--":
            _check_end(body, at + 2, delimiter)
            return
        if follows != b"\r\n":
            raise _NotUnderstoodError("a boundary must end its line")
        part = _part(body, at + 2, delimiter)
        yield part
        at = part.end + len(delimiter)
    raise _NotUnderstoodError(f"it must not have more than {_PARTS} parts")


def _check_end(body: bytes | bytearray, at: int, delimiter: bytes) -> None:
    if body[at : at + 2] not in (b"", b"\r\n") or body.find(delimiter, at) >= 0:
        raise _NotUnderstoodError("no part may follow its last boundary")


def _part(body: bytes | bytearray, at: int, delimiter: bytes) -> _Part:
    """The part whose head begins there."""
    head_end = body.find(b"\r\n\r\n", at, at + _PART_HEAD_BYTES)
    if head_end < 0:
        raise _NotUnderstoodError(f"a part must have a head, no longer than {_PART_HEAD_BYTES} bytes")
    name, is_file = _disposition(bytes(body[at:head_end]))
    start = head_end + 4
    if body.startswith(delimiter[2:], start):
        raise _NotUnderstoodError("an empty line must stand before a boundary, too, when a part is empty")
    end = body.find(delimiter, start)
    if end < 0:
        raise _NotUnderstoodError("its last boundary is missing")
    return _Part(name, is_file, start, end)


def _disposition(head: bytes) -> tuple[bytes, bool]:
    """The name of a part, and whether it is a file."""
    found: list[bytes] = []
    for line in head.split(b"\r\n"):
        field = _FIELD.fullmatch(line)
        if field is None:
            raise _NotUnderstoodError("the head of a part is malformed")
        if field[1].lower() == b"content-disposition":
            found.append(field[2])
    if len(found) != 1:
        raise _NotUnderstoodError("a part must have one `Content-Disposition`")
    kind, parameters = _parameters(found[0])
    name = parameters.get(b"name")
    if kind != b"form-data" or name is None or b"name*" in parameters or b"\\" in name:
        raise _NotUnderstoodError("a part must be `form-data` with a plain `name`")
    return name, b"filename" in parameters or b"filename*" in parameters


def _parameters(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A field's value without its parameters, in lower case, and these."""
    main = _VALUE.match(value)
    at = main.end() if main else 0
    parameters: dict[bytes, bytes] = {}
    while found := _PARAMETER.match(value, at):
        at, name = found.end(), found[1].lower()
        if name in parameters:
            raise _NotUnderstoodError("a parameter must not come twice")
        parameters[name] = found[2].strip(b'"')
    if main is None or not _REST.fullmatch(value, at):
        raise _NotUnderstoodError("the parameters of a field are malformed")
    return main[1].lower(), parameters


def _text(body: bytes | bytearray, part: _Part) -> str | None:
    if part.is_file or part.end - part.start > _VALUE_BYTES:
        return None
    try:
        return body[part.start : part.end].decode()
    except UnicodeDecodeError:
        return None


def _model_fault(message: str) -> Fault:
    return Fault(HTTPStatus.BAD_REQUEST, message, "invalid_model", param="model")
