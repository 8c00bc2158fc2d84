from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from remuda.spec.form import QUOTE, FormError
from remuda.spec.values import (
    parse_affinity,
    parse_command,
    parse_field_value,
    parse_parameter,
    parse_ready,
    parse_secret,
    parse_setting,
    parse_timeout,
    parse_url,
    parse_variable,
)


@pytest.mark.parametrize(
    ("parse", "value", "expected"),
    [
        (parse_command, "a --b 'c d' ${PORT}", ("a", "--b", "c d", "${PORT}")),
        (parse_command, ["a", "b c"], ("a", "b c")),
        (parse_command, "a \\\n  --b\n", ("a", "--b")),
        (parse_command, "a $(b) && c | d", ("a", "$(b)", "&&", "c", "|", "d")),
        (parse_ready, "/health", "/health"),
        (parse_ready, False, False),
        (parse_url, "http://10.0.0.7:8000", "http://10.0.0.7:8000"),
        (parse_url, "https://h/base/path/", "https://h/base/path/"),
        (parse_url, "http://[::1]:80", "http://[::1]:80"),
        (parse_affinity, "prefix", "prefix"),
        (parse_affinity, "header:X-Session-Id", "header:x-session-id"),
        (parse_timeout, "30s", 30.0),
        (parse_timeout, "never", None),
        (parse_field_value, "Bearer ${file:/k}", "Bearer ${file:/k}"),
        (parse_variable, "x", "x"),
        (parse_variable, "", ""),
        (parse_variable, 8, "8"),
        (parse_setting, {"a": [1, 0.5, None, {"b": "x"}]}, {"a": [1, 0.5, None, {"b": "x"}]}),
    ],
)
def test_accepted(parse: Callable[[object], object], value: object, expected: object) -> None:
    assert parse(value) == expected


@pytest.mark.parametrize(
    ("parse", "value", "message", "hint"),
    [
        (parse_command, "", "has no program", "write the program"),
        (parse_command, [], "has no program", "write the program"),
        (parse_command, ["", "x"], "has no program", "write"),
        (parse_command, "a 'b", "cannot be split into words: no closing quotation", "close the quote"),
        (parse_command, ["a", 5], "must be text, not `5`", QUOTE),
        (parse_command, 5, "must be text, not `5`", QUOTE),
        (parse_ready, "health", "must be a path that begins with `/`", "write `/health`"),
        (parse_ready, "/a b", "must be a path", None),
        (parse_ready, True, "must be a path that begins with `/`, or `false`, not `true`", None),
        (parse_url, "10.0.0.7:8000", "must be the address of a server", "write `http://HOST:PORT`"),
        (parse_url, "ftp://h", "must be the address", "write"),
        (parse_url, "http://", "must be the address", "write"),
        (parse_url, "http://h:99999", "must be the address", "write"),
        (parse_url, "http://a b", "must be the address", "write"),
        (parse_url, "http://[::1", "must be the address", "write"),
        (parse_url, "http://user:pw@h", "must not hold a user name or password", "remove"),
        (parse_url, "ftp://user:pw@h", "must not hold a user name or password", "remove"),
        (parse_secret, 12345, "must be a reference, never the secret itself", "write"),
        (parse_url, "http://h/?a=1", "must not hold a query", "remove"),
        (parse_affinity, "header:", "must be `prefix` or `header:NAME`, not `header:`", "write"),
        (parse_affinity, "header:a b", "must be `prefix` or `header:NAME`", "write"),
        (parse_timeout, "0", "must be longer than 0", "write `never`"),
        (parse_timeout, 5, "has no unit: `5`", "write `5s`"),
        (parse_field_value, "a\r\nb: c", "must be one line", "remove"),
        (parse_field_value, "ü", "must be one line of printable ASCII", "remove"),
        (parse_parameter, "stream", "cannot be changed", "remove `stream`"),
        (parse_variable, True, "must be text, not `true`", QUOTE),
        (parse_variable, 1.10, "must be text, not `1.1`", QUOTE),
        (parse_variable, [], "must be text, not a list", None),
        (parse_setting, {"a": [math.inf]}, "must be a finite number, not `inf`", QUOTE),
    ],
)
def test_refused(parse: Callable[[object], object], value: object, message: str, hint: str | None) -> None:
    with pytest.raises(FormError) as caught:
        parse(value)
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith(hint or "")
    assert bool(caught.value.hint) == bool(hint)
