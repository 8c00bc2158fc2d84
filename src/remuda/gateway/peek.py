"""What the gateway must know of a JSON body, found in one pass that builds nothing else.

Of a key that comes twice the last counts, as in the JSON readers of the engines; otherwise a client could be let in for
one model and be served by another. Everything but `model` and `stream` is the engine's to judge.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from remuda.gateway.envelope import Answer, error


class Peek(msgspec.Struct, frozen=True, gc=False):
    """The model that a request names, whether it wants a stream, and whether it says how."""

    model: str
    stream: bool
    has_stream_options: bool = False


_ABSENT = msgspec.Raw()


class _Fields(msgspec.Struct, gc=False):
    model: object = msgspec.UNSET
    stream: object = None
    stream_options: msgspec.Raw = _ABSENT


_DECODER = msgspec.json.Decoder(_Fields)


def peek(body: bytes | bytearray) -> Peek | Answer:
    """The body's `model` and `stream`, or the error to answer."""
    try:
        fields = _DECODER.decode(body)
    except msgspec.ValidationError:
        return error(HTTPStatus.BAD_REQUEST, "the body must be a JSON object", "invalid_body")
    except (msgspec.DecodeError, UnicodeDecodeError) as reason:
        return error(HTTPStatus.BAD_REQUEST, f"cannot read the body as JSON: {reason}", "invalid_json")
    except RecursionError:
        return error(HTTPStatus.BAD_REQUEST, "cannot read the body as JSON: it is nested too deeply", "invalid_json")
    if isinstance(fields.model, str) and fields.model:
        return Peek(fields.model, fields.stream is True, fields.stream_options is not _ABSENT)
    if fields.model is msgspec.UNSET:
        return _model_error("the body must name a `model`")
    return _model_error("`model` must be a string that is not empty")


def _model_error(message: str) -> Answer:
    return error(HTTPStatus.BAD_REQUEST, message, "invalid_model", param="model")
