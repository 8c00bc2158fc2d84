from __future__ import annotations

from remuda.adapt.contract import Place
from remuda.adapt.reading import Reading
from remuda.errors import Position
from tests.adapt.files import said, source


def test_a_file_that_cannot_be_read_is_an_error() -> None:
    reading = Reading("file")
    assert reading.text_of(source(b"a\xff")) is None
    assert reading.text_of(source("x", name="other")) == "x"
    assert said(reading.done("nothing")) == ["1:2 cannot read the byte 0xff: expected UTF-8"]


def test_models_have_places() -> None:
    reading = Reading("file")
    path = reading.model("a", {"url": "http://a"}, Position(2, 3))
    reading.say("so", Position(1, 1))
    done = reading.done("nothing")
    assert done.data == {"models": {"a": {"url": "http://a"}}}
    assert done.places == {path: Place("file", Position(2, 3))}
    assert said(done) == ["1:1 warning: so"]


def test_without_models_there_is_a_reason() -> None:
    reading = Reading("file")
    reading.say("left out")
    assert said(reading.done("nothing")) == ["warning: left out", "1:1 nothing"]
