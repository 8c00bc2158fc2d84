from typing import Annotated

import msgspec
import pytest
from starlette.requests import Request

from remuda.daemon.control.operation import Refused, answer, read_query


class Query(msgspec.Struct, forbid_unknown_fields=True):
    many: str | tuple[str, ...] = ()
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    flag: bool = False


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", Query()),
        ("count=3&flag=true", Query(count=3, flag=True)),
        ("many=a", Query("a")),
        ("many=a&many=b%20c", Query(("a", "b c"))),
    ],
)
def test_a_query_is_read_into_its_struct(query: str, read: Query) -> None:
    assert read_query(request(query), Query) == read


@pytest.mark.parametrize("query", ["count=0", "count=x", "count=1&count=2", "flag=perhaps", "other=1"])
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        read_query(request(query), Query)
    assert refused.value.status_code == 400
    assert refused.value.error.error.message.startswith("cannot read the query: ")


def test_an_answer_is_json() -> None:
    response = answer(Query("a"), 201)
    assert (response.status_code, response.media_type) == (201, "application/json")
    assert response.body == b'{"many":"a","count":1,"flag":false}'
