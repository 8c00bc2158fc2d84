from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.target import Target, read_target


@pytest.mark.parametrize(
    ("raw", "path", "query"),
    [
        (b"/v1/models", b"/v1/models", b""),
        (b"/v1/models/", b"/v1/models", b""),
        (b"/v1/models//", b"/v1/models/", b""),
        (b"//v1/models", b"//v1/models", b""),
        (b"/", b"/", b""),
        (b"/v1/models?", b"/v1/models", b"?"),
        (b"/v1/models/?a=/%2F?b", b"/v1/models", b"?a=/%2F?b"),
        (b"/v1/%6Dodels", b"/v1/models", b""),
        (b"/v1/%6dodels", b"/v1/models", b""),
        (b"/v1%2fmodels", b"/v1%2Fmodels", b""),
        (b"/v1/../v1/models", b"/v1/../v1/models", b""),
        (b"/v1/%2e%2e/models", b"/v1/../models", b""),
        (b"/a%00b", b"/a%00b", b""),
        (b"/a%252f", b"/a%252f", b""),
        (b"http://host:8080/v1/models?x", b"/v1/models", b"?x"),
        (b"HTTPS://host/v1/models", b"/v1/models", b""),
        (b"http://host", b"/", b""),
        (b"http://host?x", b"/", b"?x"),
    ],
)
def test_equal_targets_get_one_form(raw: bytes, path: bytes, query: bytes) -> None:
    found = read_target(raw)
    assert found is not None
    assert (found.path, found.query) == (path, query)


@pytest.mark.parametrize(
    "raw",
    [b"", b"*", b"host:80", b"v1/models", b"ftp://host/v1", b"http:///v1", b"/a#b", b"/a?b#c", b"/%", b"/%4", b"/%zz"],
)
def test_other_targets_are_none(raw: bytes) -> None:
    assert read_target(raw) is None


@given(st.binary(max_size=40))
def test_reading_twice_changes_nothing(raw: bytes) -> None:
    once = read_target(b"/" + raw)
    if once is not None:
        assert read_target(once.path + once.slash + once.query) == once


@pytest.mark.parametrize(
    ("raw", "slash"), [(b"/a/", b"/"), (b"/a", b""), (b"/a/?q", b"/"), (b"/", b""), (b"/a//", b"/")]
)
def test_the_last_slash_is_remembered(raw: bytes, slash: bytes) -> None:
    found = read_target(raw)
    assert found is not None
    assert found.slash == slash


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (b"?model=a", "a"),
        (b"?x=1&model=org%2Fa+b", "org/a b"),
        (b"?model=", ""),
        (b"?model=a&model=b", None),
        (b"?m=a", None),
        (b"", None),
        (b"?" + b"a=1&" * 200 + b"model=a", None),
    ],
)
def test_a_parameter_of_the_query(query: bytes, value: str | None) -> None:
    assert Target(b"/", query).parameter(b"model") == value
