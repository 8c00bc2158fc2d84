from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.multipart import Form, peek_multipart
from remuda.gateway.shapes import Fault

TYPE = b"multipart/form-data; boundary=b"


def part(disposition: str, content: bytes = b"tiny", *lines: str, boundary: bytes = b"b") -> bytes:
    head = "\r\n".join((f"Content-Disposition: {disposition}", *lines)).encode()
    return b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary, head, content)


def field(name: str, content: bytes) -> bytes:
    return part(f'form-data; name="{name}"', content)


MODEL = field("model", b"tiny")
END = b"--b--\r\n"
FILE = part('form-data; name="file"; filename="a.wav"', b"RIFF\0\r\n--a\r\n\xff", "Content-Type: audio/wav")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (TYPE, MODEL + END),
        (TYPE, MODEL + b"--b--"),
        (TYPE, FILE + MODEL + END),
        (TYPE, MODEL + FILE + FILE + END),
        (TYPE, b"a preamble\r\n" + MODEL + END + b"an epilogue"),
        (TYPE, b"\r\n" + MODEL + END),
        (TYPE, part("form-data; name=model") + END),
        (TYPE, part('FORM-DATA ;NAME="model" ; ') + END),
        (TYPE, part('form-data; name="model"', b"tiny", "content-type: text/plain; charset=utf-8", "X-Other:") + END),
        (TYPE, part(r'form-data; name="file"; filename="C:\a"', b"model") + MODEL + END),
        (TYPE, part("form-data; name=file; filename*=utf-8''%C3%A9", b"") + MODEL + END),
        (TYPE, field("models", b"a") + field("Model", b"b") + field("", b"") + MODEL + END),
        (b'Multipart/Form-Data; boundary="b"', MODEL + END),
        (b"multipart/form-data;charset=UTF-8;boundary=b", MODEL + END),
        (b"multipart/form-data; boundary=b;", MODEL + END),
        (b'multipart/form-data; boundary="a b"', MODEL.replace(b"--b", b"--a b") + b"--a b--"),
    ],
)
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_the_model_of_a_form_is_found(content_type: bytes, body: bytes, kind: type[bytes]) -> None:
    form = peek_multipart(kind(body), content_type)
    assert isinstance(form, Form), form
    assert (form.model, form.stream) == ("tiny", False)
    assert b"".join(form.with_model("other")) == body.replace(b"\r\n\r\ntiny\r\n", b"\r\n\r\nother\r\n")
    assert peek_multipart(body, form.content_type) == form


@pytest.mark.parametrize(
    ("value", "stream"),
    [(b"true", True), (b"True", True), (b"1", True), (b"false", False), (b"", False), (b"\xff", False)],
)
def test_whether_a_stream_is_wanted(value: bytes, *, stream: bool) -> None:
    form = peek_multipart(MODEL + field("stream", value) + END, TYPE)
    assert isinstance(form, Form)
    assert form.stream is stream


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (b"", MODEL + END, "invalid_form"),
        (b"application/json", MODEL + END, "invalid_form"),
        (b"multipart/form-data", MODEL + END, "invalid_form"),
        (b"multipart/form-data; boundary=", MODEL + END, "invalid_form"),
        (b'multipart/form-data; boundary=""', MODEL + END, "invalid_form"),
        (b'multipart/form-data; boundary="b ', MODEL + END, "invalid_form"),
        (b"multipart/form-data; boundary=b; boundary=c", MODEL + END, "invalid_form"),
        (b"multipart/form-data; boundary=b; charset=utf-16", MODEL + END, "invalid_form"),
        (b"multipart/form-data; boundary=" + b"b" * 71, MODEL + END, "invalid_form"),
        (b"multipart/form-data, boundary=b", MODEL + END, "invalid_form"),
        (b"multipart/mixed; boundary=b", MODEL + END, "invalid_form"),
        (TYPE, b"", "invalid_form"),
        (TYPE, MODEL, "invalid_form"),
        (TYPE, MODEL + b"--b", "invalid_form"),
        (TYPE, MODEL + b"--b-", "invalid_form"),
        (TYPE, MODEL + b"--b\r\n", "invalid_form"),
        (TYPE, MODEL + b"--b--x", "invalid_form"),
        (TYPE, MODEL[:-2] + END, "invalid_form"),
        (TYPE, MODEL + END + MODEL + END, "invalid_form"),
        (TYPE, MODEL + b"--bc\r\n" + END, "invalid_form"),
        (TYPE, b"x" + MODEL + END, "invalid_form"),
        (TYPE, b"\n" + MODEL + END, "invalid_form"),
        (TYPE, MODEL.replace(b"--b\r\n", b"--b \r\n") + END, "invalid_form"),
        (TYPE, MODEL.replace(b"--b\r\n", b"--b\n") + END, "invalid_form"),
        (TYPE, MODEL + MODEL + END, "invalid_form"),
        (TYPE, MODEL + part('form-data; name="model"; filename="m"') + END, "invalid_form"),
        (TYPE, MODEL + field("stream", b"1") * 2 + END, "invalid_form"),
        (TYPE, field("x", b"") * 1001 + END, "invalid_form"),
        (TYPE, b"--b\r\n\r\ntiny\r\n" + END, "invalid_form"),
        (TYPE, b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n--b--', "invalid_form"),
        (TYPE, MODEL.replace(b"tiny\r\n", b"") + field("x", b"") + END, "invalid_form"),
        (TYPE, part("form-data") + MODEL + END, "invalid_form"),
        (TYPE, part('attachment; name="model"') + END, "invalid_form"),
        (TYPE, part("form-data; name*=utf-8''model") + END, "invalid_form"),
        (TYPE, part("form-data; name=x; name*=utf-8''model") + MODEL + END, "invalid_form"),
        (TYPE, part(r'form-data; name="mo\del"') + END, "invalid_form"),
        (TYPE, part(r'form-data; name="file"; filename="\"; name=model; x=\""') + MODEL + END, "invalid_form"),
        (TYPE, part('form-data; name="a"; name="model"') + END, "invalid_form"),
        (TYPE, part('form-data; name = "model"') + END, "invalid_form"),
        (TYPE, part('form-data; name="model') + END, "invalid_form"),
        (TYPE, part('form-data;\r\n name="model"') + END, "invalid_form"),
        (TYPE, part('form-data; name="model"', b"tiny", "no colon") + END, "invalid_form"),
        (TYPE, part('form-data; name="model"', b"", 'Content-Disposition: form-data; name="x"') + END, "invalid_form"),
        (TYPE, part('form-data; name="model"', b"", f"X: {'x' * 9000}") + END, "invalid_form"),
        (TYPE, END, "invalid_model"),
        (TYPE, FILE + END, "invalid_model"),
        (TYPE, field("model", b"") + END, "invalid_model"),
        (TYPE, field("model", b"\xff") + END, "invalid_model"),
        (TYPE, field("model", b"x" * 9000) + END, "invalid_model"),
        (TYPE, part('form-data; name="model"; filename="m"') + END, "invalid_model"),
        (TYPE, part('form-data; name="model"; filename=""') + END, "invalid_model"),
    ],
)
def test_what_readers_understand_differently_is_refused(content_type: bytes, body: bytes, code: str) -> None:
    fault = peek_multipart(body, content_type)
    assert isinstance(fault, Fault), fault
    assert (fault.status, fault.code) == (400, code)
    assert fault.param == ("model" if code == "invalid_model" else None)


NAMES = st.text("abcdefgh_[]. -é%'", max_size=12).filter(lambda name: name not in {"model", "stream"})
BOUNDARIES = st.from_regex(rb"[0-9A-Za-z'()+_,./:=?-]{1,70}", fullmatch=True)
MODELS = st.text(min_size=1, max_size=30)


@given(BOUNDARIES, st.lists(st.tuples(NAMES, st.binary(max_size=60), st.booleans()), max_size=6), MODELS, MODELS)
def test_a_rewrite_changes_the_model_and_nothing_else(
    boundary: bytes, others: list[tuple[str, bytes, bool]], model: str, name: str
) -> None:
    parts = [
        part(f'form-data; name="{other}"{"; filename=x" if is_file else ""}', content, boundary=boundary)
        for other, content, is_file in others
        if b"--" + boundary not in content
    ]

    def form_of(model: str) -> bytes:
        its = part('form-data; name="model"', model.encode(), boundary=boundary)
        at = len(model) % (len(parts) + 1)
        return b"".join((*parts[:at], its, *parts[at:], b"--%b--\r\n" % boundary))

    if b"--" + boundary in model.encode() + name.encode():
        return
    body = form_of(model)
    form = peek_multipart(body, b'multipart/form-data; boundary="%b"' % boundary)
    assert isinstance(form, Form), form
    assert form.model == model
    renamed = b"".join(form.with_model(name))
    assert renamed == body[: form.start] + name.encode() + body[form.end :]
    assert body[form.start : form.end] == model.encode()
    again = peek_multipart(renamed, form.content_type)
    assert isinstance(again, Form)
    assert again.model == name


FRAGMENTS = [
    b"--b",
    b"\r\n",
    b"--",
    b"\n",
    b'Content-Disposition: form-data; name="model"',
    b"\r\n\r\n",
    b"tiny",
    MODEL,
]


@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=8), max_size=20).map(b"".join), st.binary(max_size=60))
def test_garbage_is_a_form_or_a_fault(body: bytes, content_type: bytes) -> None:
    peek_multipart(body, content_type)
    peek_multipart(body, b"multipart/form-data;" + content_type)
    found = peek_multipart(body, TYPE)
    if isinstance(found, Form):
        assert body[found.start : found.end].decode() == found.model
        assert body.count(b'name="model"') >= 1


SLOW = {
    "spaces before a wrong byte": part("form-data; name=x" + " " * 8000 + "!") * 900,
    "semicolons": part("form-data" + ";" * 8000) * 900,
    "parameters": part("form-data; name=x" + "; a=" * 2000) * 900,
    "delimiters that are none": MODEL + b"\r\n--" * 2_000_000,
    "line ends": MODEL + b"\r\n" * 4_000_000,
    "a boundary cut short": MODEL + b"--b\r\n" + b"x" * 8_000_000,
}


@pytest.mark.parametrize("body", SLOW.values(), ids=SLOW.keys())
def test_no_form_takes_longer_than_its_length(body: bytes) -> None:
    began = time.process_time()
    peek_multipart(body + END, TYPE)
    peek_multipart(body, b"multipart/form-data" + b" " * 60_000 + b"!")
    assert time.process_time() - began < 1


def test_files_are_not_copied() -> None:
    audio = random.Random(1).randbytes(8_000_000)
    body = bytearray(part("form-data; name=file; filename=x", audio) + MODEL + END)
    form = peek_multipart(body, TYPE)
    assert isinstance(form, Form)
    pieces = form.with_model("other")
    assert form.body is body
    assert [piece.obj is body for piece in pieces if isinstance(piece, memoryview)] == [True, True]
    assert b"".join(pieces) == bytes(body).replace(b"\r\n\r\ntiny\r\n", b"\r\n\r\nother\r\n")
