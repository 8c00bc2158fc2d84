"""What was served: the last requests, totals, and the former as llama-swap's interface reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.accounts import DAY_S, tokens_per_second
from remuda.daemon.control.operation import Control, Operation, Refused, answer, read_query
from remuda.edge.access_log import Line, iso, line
from remuda.edge.clock import unix_s
from remuda.edge.usage_store import KEPT_DAYS, KEPT_REQUESTS, Entry, Total
from remuda.gateway.record import Usage

_MS = 1000.0
_BAD_QUERY = {400: "The query cannot be read."}

Number = Annotated[int, msgspec.Meta(ge=1)]


class RequestsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the last requests."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=KEPT_REQUESTS)] = 100


class RequestList(msgspec.Struct, frozen=True):
    """The last requests for models, newest first, as the access log has them."""

    requests: list[Line]


class UsageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of so many days, today included; by model and key and day if nothing is said of groups."""

    group: Literal["model", "key", "day"] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=KEPT_DAYS)] = 30


class UsageTotal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A total; of `day`, `model` and `key` it has those by which it was grouped."""

    requests: int
    succeeded: int
    rejected: int
    cancelled: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    day: str | None = None
    model: str | None = None
    key: str | None = None


class UsageList(msgspec.Struct, frozen=True):
    """Totals, since the beginning of this day in UTC."""

    since: str
    usage: list[UsageTotal]


class ActivityQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows, in which order."""

    model: str | tuple[str, ...] = ()
    page: Number = 1
    limit: Annotated[int, msgspec.Meta(ge=1, le=999)] = 25
    sort: str = "id"
    order: Literal["asc", "desc"] = "desc"
    min_id: Number | None = None
    max_id: Number | None = None


class Tokens(msgspec.Struct, frozen=True):
    """Tokens of a request; as there, speeds and cached tokens are -1 and the others 0 where they are not known."""

    cache_tokens: int
    draft_tokens: int
    draft_acc_tokens: int
    input_tokens: int
    output_tokens: int
    prompt_per_second: float
    tokens_per_second: float


class Activity(msgspec.Struct, frozen=True):
    """A request that is over, as llama-swap has it; bodies are never kept, so there is no capture."""

    id: int
    timestamp: str
    model: str
    req_path: str
    resp_content_type: str
    resp_status_code: int
    tokens: Tokens
    duration_ms: int
    has_capture: bool
    error_msg: str


class ActivityPage(msgspec.Struct, frozen=True):
    """One page of the rows that were asked for."""

    data: list[Activity]
    page: int
    limit: int
    total: int
    total_pages: int


_NAMES = ("day", "model", "key")
_COUNTS = tuple(name for name in Total.__struct_fields__ if name not in _NAMES)

_COLUMNS: Mapping[str, Callable[[Activity], Any]] = {
    "id": lambda row: row.id,
    "time": lambda row: row.timestamp,
    "model": lambda row: row.model,
    "req_path": lambda row: row.req_path,
    "resp_status_code": lambda row: row.resp_status_code,
    "resp_content_type": lambda row: row.resp_content_type,
    "cached": lambda row: row.tokens.cache_tokens,
    "prompt": lambda row: row.tokens.input_tokens,
    "generated": lambda row: row.tokens.output_tokens,
    "drafted": lambda row: row.tokens.draft_tokens,
    "prompt_speed": lambda row: row.tokens.prompt_per_second,
    "gen_speed": lambda row: row.tokens.tokens_per_second,
    "duration": lambda row: row.duration_ms,
}
"""By what llama-swap can sort: `activitySortColumns` of its internal/store/store.go."""


async def _requests(control: Control, request: Request) -> Response:
    query = read_query(request, RequestsQuery)
    return answer(RequestList([line(entry.record) for entry in control.books.accounts.recent()[: query.limit]]))


async def _usage(control: Control, request: Request) -> Response:
    query = read_query(request, UsageQuery)
    since = int(unix_s() // DAY_S) - query.days + 1
    return answer(UsageList(_day(since), grouped(control.books.accounts.totals(since), query.group)))


async def _activity(control: Control, request: Request) -> Response:
    query = read_query(request, ActivityQuery)
    rows = [row(entry) for entry in control.books.accounts.recent() if _is_asked_for(entry, query)]
    rows.sort(key=_column(query.sort), reverse=query.order == "desc")
    start = (query.page - 1) * query.limit
    pages = -(-len(rows) // query.limit)
    return answer(ActivityPage(rows[start : start + query.limit], query.page, query.limit, len(rows), pages))


def _column(name: str) -> Callable[[Activity], Any]:
    if name not in _COLUMNS:
        message = f"cannot sort by `{name}`: expected one of `{'`, `'.join(_COLUMNS)}`"
        raise Refused(400, message, "bad_parameter")
    return _COLUMNS[name]


def grouped(totals: Iterable[Total], group: str | None) -> list[UsageTotal]:
    """Sums of totals with the same day, model and key, or with the same one of these."""
    names = (group,) if group else _NAMES
    sums: dict[tuple[Any, ...], list[int]] = {}
    for total in totals:
        kept = sums.setdefault(tuple(getattr(total, name) for name in names), [0] * len(_COUNTS))
        kept[:] = (so_far + getattr(total, name) for so_far, name in zip(kept, _COUNTS, strict=True))
    rows = [zip((*names, *_COUNTS), (*key, *counts), strict=True) for key, counts in sums.items()]
    return [msgspec.convert({name: _day(it) if name == "day" else it for name, it in row}, UsageTotal) for row in rows]


def row(entry: Entry) -> Activity:
    """A request as llama-swap tells it."""
    record, usage = entry.record, entry.record.usage or Usage()
    prompt_s = (usage.prompt_ms or 0) / _MS
    return Activity(
        id=entry.id,
        timestamp=iso(record.at),
        model=record.model or record.asked,
        req_path=record.path,
        resp_content_type="text/event-stream" if record.stream else "",
        resp_status_code=record.status,
        tokens=Tokens(
            cache_tokens=-1 if usage.cached_tokens is None else usage.cached_tokens,
            draft_tokens=-1,
            draft_acc_tokens=-1,
            input_tokens=usage.prompt_tokens or 0,
            output_tokens=usage.completion_tokens or 0,
            prompt_per_second=((usage.prompt_tokens or 0) - (usage.cached_tokens or 0)) / prompt_s if prompt_s else -1,
            tokens_per_second=tokens_per_second(record) or -1,
        ),
        duration_ms=int(record.took_s * _MS),
        has_capture=False,
        error_msg=record.error,
    )


def _is_asked_for(entry: Entry, query: ActivityQuery) -> bool:
    models = (query.model,) if isinstance(query.model, str) else query.model
    return (
        (not models or (entry.record.model or entry.record.asked) in models)
        and entry.id >= (query.min_id or 0)
        and (query.max_id is None or entry.id <= query.max_id)
    )


def _day(day: int) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(days=day)).date().isoformat()


OPERATIONS = (
    Operation("GET", "/api/requests", _requests, "The last requests", RequestList, _BAD_QUERY, RequestsQuery),
    Operation("GET", "/api/usage", _usage, "What was served, in totals", UsageList, _BAD_QUERY, UsageQuery),
    Operation(
        "GET",
        "/api/metrics/activity",
        _activity,
        "The last requests, as llama-swap tells them",
        ActivityPage,
        _BAD_QUERY,
        ActivityQuery,
    ),
)
