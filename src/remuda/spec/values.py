"""The types of single values in the fleet file, each with its JSON schema.

A parser raises `FormError`, pydantic carries it, `remuda.spec.problems` shows it. Where a key takes two forms (`memory`
is an amount, or one for each device) the form is chosen by the kind of value before anything is judged, so that a
mistake gives one problem and not one for each form.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from remuda.spec.form import QUOTE, FormError, shown
from remuda.spec.listen import MAX_PORT, Listen, parse_listen
from remuda.spec.quantity import parse_bytes, parse_duration

SECTION: Final = ConfigDict(frozen=True, extra="forbid", strict=True)
"""How every section of the file is read: no unknown keys, no conversion of kinds."""

NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._:/-]*"
"""A model ID or the name of a route, as clients send it."""

UNIT_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9.-]*"
"""The name of a unit or container."""

ALL: Final = "(all)"
EACH: Final = "(each)"
"""The forms of `memory`; pydantic puts them into the location of an error (see `remuda.spec.problems`)."""

_FLAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_FIELD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FRAMING: Final = re.compile(
    "host|connection|content-length|content-type|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade"
)
"""Header fields that say where a request begins, ends and goes."""
_GUIDING: Final = ("model", "stream")
"""Parameters that tell the gateway where to send a request and in which form to answer."""
_AFFINITY: Final = re.compile(r"prefix|header:" + _FIELD.pattern)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEVICE: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9._:/=-]*")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FormError(f"must be text, not {shown(value)}", hint=QUOTE if isinstance(value, int | float) else None)
    return value


def _matching(form: re.Pattern[str], what: str, hint: Callable[[str], str | None]) -> Callable[[object], str]:
    def parse(value: object) -> str:
        text = _text(value)
        if not form.fullmatch(text):
            raise FormError(f"must be {what}, not {shown(text)}", hint=hint(text))
        return text

    return parse


def _flag_hint(text: str) -> str | None:
    bare = text.lstrip("-").partition("=")[0]
    return f"write `{bare}`" if bare != text and _FLAG.fullmatch(bare) else None


def parse_command(value: object) -> tuple[str, ...]:
    """The words of a command line: a list as it is, a text split as a shell does (no shell runs)."""
    if isinstance(value, list | tuple):
        words = tuple(map(_text, value))
    else:
        text = _text(value)
        try:
            words = tuple(shlex.split(re.sub(r"\\\r?\n", "", text)))
        except ValueError as error:
            raise FormError(f"cannot be split into words: {str(error).lower()}", hint="close the quote") from None
    if not words or not words[0]:
        raise FormError("has no program", hint="write the program and its arguments")
    return words


def parse_ready(value: object) -> str | Literal[False]:
    """A path that answers when the server is ready, or False: the port accepting is enough."""
    if value is False or (isinstance(value, str) and value.startswith("/") and not re.search(r"\s", value)):
        return value
    hint = f"write `/{value}`" if isinstance(value, str) and re.fullmatch(r"[\w.-]+", value) else None
    raise FormError(f"must be a path that begins with `/`, or `false`, not {shown(value)}", hint=hint)


def parse_url(value: object) -> str:
    """The address of a server: http or https, a host, perhaps a port and a path."""
    text = _text(value)
    if re.match("[^/]*//[^/]*@", text):
        raise FormError("must not hold a user name or password", hint="remove everything up to the `@`")
    parts = _server(text)
    if parts is None:
        raise FormError(f"must be the address of a server, not {shown(text)}", hint="write `http://HOST:PORT`")
    if parts.query or parts.fragment:
        raise FormError("must not hold a query or fragment", hint="remove the `?` or `#` and what follows")
    return text


def _server(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        is_server = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_server and not re.search(r"\s", text) else None


def parse_secret(value: object) -> str:
    """Where a secret is; a rule judges its form. No message repeats it: it could be the secret itself."""
    if not isinstance(value, str):
        raise FormError("must be a reference, never the secret itself", hint="write `${file:/path/to/key}`")
    return value


def parse_variable(value: object) -> str:
    """The value of an environment variable; whole numbers are taken as they are written in decimal."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def parse_own_variable(value: object) -> str | None:
    """The same, or None for a variable that is removed."""
    return None if value is None else parse_variable(value)


def parse_setting(value: object) -> Any:
    """Any value that JSON has; raises `FormError` for infinity and what is not a number, at any depth."""
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        parse_setting(child)
    if isinstance(value, float) and not math.isfinite(value):
        raise FormError(f"must be a finite number, not {shown(value)}", hint=QUOTE)
    return value


def parse_timeout(value: object) -> float | None:
    """Seconds to wait, more than none; None waits for ever."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise FormError("must be longer than 0", hint="write `never` to wait for ever")
    return seconds


def parse_field_value(value: object) -> str:
    """The value of a header field."""
    text = _text(value)
    if not (text.isascii() and text.isprintable()):
        raise FormError("must be one line of printable ASCII characters", hint="remove all others")
    return text


def _field_name(text: str) -> str:
    if _FRAMING.fullmatch(text.lower()):
        raise FormError(f"must not be `{text}`: the gateway writes that field itself", hint=f"remove `{text}`")
    return text


def parse_affinity(value: object) -> str:
    """What tells that requests belong together: `prefix`, or `header:NAME` with the name in lower case."""
    text = _text(value)
    if not _AFFINITY.fullmatch(text):
        raise FormError(f"must be `prefix` or `header:NAME`, not {shown(text)}", hint="write `header:x-session-id`")
    return text.lower()


def parse_parameter(value: object) -> str:
    """The name of a parameter of requests that may be changed on the way."""
    text = _text(value)
    if text in _GUIDING:
        raise FormError("cannot be changed: the gateway answers by it", hint=f"remove `{text}`")
    return text


def _memory_form(value: object) -> str:
    return EACH if isinstance(value, dict) else ALL


def _schema(**schema: object) -> WithJsonSchema:
    """`format` names a kind of value on the reference page; validators skip formats that they do not know."""
    return WithJsonSchema(dict(schema))


_BYTES_SCHEMA: Final = _schema(
    format="memory",
    anyOf=[
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^\d+(\.\d+)? ?(B|[KMGT]iB|[kKMGT]B)$"},
    ],
)
_DURATION_SCHEMA: Final = _schema(
    format="duration",
    anyOf=[{"const": 0}, {"type": "string", "pattern": r"^(never|0|(\d+(\.\d+)?(d|h|m|s|ms) ?)+)$"}],
)
_TIMEOUT_SCHEMA: Final = _schema(format="duration", type="string", pattern=r"^(never|(\d+(\.\d+)?(d|h|m|s|ms) ?)+)$")

Text = Annotated[str, PlainValidator(_text), _schema(type="string")]
Secret = Annotated[str, PlainValidator(parse_secret), _schema(type="string", pattern=r"^\$\{(env|file|cred):.+\}$")]
Bytes = Annotated[int, PlainValidator(parse_bytes), _BYTES_SCHEMA]
Duration = Annotated[float | None, PlainValidator(parse_duration), _DURATION_SCHEMA]
Timeout = Annotated[float | None, PlainValidator(parse_timeout), _TIMEOUT_SCHEMA]
Address = Annotated[
    Listen, PlainValidator(parse_listen), PlainSerializer(str), _schema(type="string", pattern=r":\d{1,5}$")
]
Url = Annotated[str, PlainValidator(parse_url), _schema(type="string", pattern="^https?://")]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]
Count = Annotated[int, Field(ge=1)]
AccountId = Annotated[int, Field(ge=0, le=2**32 - 2)]
Cpus = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Affinity = Annotated[
    str, PlainValidator(parse_affinity), _schema(type="string", pattern=f"^({_AFFINITY.pattern})$", format="affinity")
]
Command = Annotated[
    tuple[str, ...],
    PlainValidator(parse_command),
    _schema(anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]),
]
Ready = Annotated[
    str | Literal[False],
    PlainValidator(parse_ready),
    _schema(anyOf=[{"const": False}, {"type": "string", "pattern": "^/"}]),
]
Device = Annotated[
    str,
    PlainValidator(_matching(_DEVICE, "a device (`cuda0`, `cuda:all`, `cpu`, …)", lambda _: None)),
    _schema(type="string", pattern=f"^{_DEVICE.pattern}$"),
]
Devices = Annotated[tuple[Device, ...], Field(strict=False)]
FlagName = Annotated[
    str,
    PlainValidator(_matching(_FLAG, "the name of a flag without its dashes", _flag_hint)),
    _schema(type="string", pattern=f"^{_FLAG.pattern}$"),
]
Setting = Annotated[Any, PlainValidator(parse_setting), _schema()]
Settings = Mapping[FlagName, Setting]
Parameter = Annotated[str, PlainValidator(parse_parameter), _schema(type="string", **{"not": {"enum": list(_GUIDING)}})]
StripParams = Annotated[tuple[Parameter, ...], Field(strict=False)]
SetParams = Mapping[Parameter, Setting]
FieldName = Annotated[
    str,
    PlainValidator(_matching(_FIELD, "the name of a header field", lambda _: None)),
    AfterValidator(_field_name),
    _schema(type="string", pattern=f"^{_FIELD.pattern}$"),
]
FieldValue = Annotated[str, PlainValidator(parse_field_value), _schema(type="string")]
Fields = Mapping[FieldName, FieldValue]
VariableName = Annotated[
    str,
    PlainValidator(_matching(_VARIABLE, "the name of an environment variable", lambda _: None)),
    _schema(type="string", pattern=f"^{_VARIABLE.pattern}$"),
]
Variable = Annotated[str, PlainValidator(parse_variable), _schema(type=["string", "integer"])]
Environment = Mapping[VariableName, Variable]
OwnVariable = Annotated[str | None, PlainValidator(parse_own_variable), _schema(type=["string", "integer", "null"])]
OwnEnvironment = Mapping[VariableName, OwnVariable]
Memory = Annotated[
    Annotated[Bytes, Tag(ALL)] | Annotated[Mapping[Device, Bytes], Tag(EACH)], Discriminator(_memory_form)
]
