from pathlib import Path

import pytest

from remuda.daemon.control.activity import UsageTotal, grouped, row
from remuda.edge.clock import unix_s
from remuda.edge.usage_store import Entry, Total
from remuda.gateway.record import Usage
from tests.daemon.control.api import Api, api
from tests.daemon.fleet_of_fakes import fake
from tests.daemon.records import AT, DAY, record

TOTALS = (
    Total(DAY, "a", "roo", 2, 2, prompt_tokens=10, completion_tokens=5),
    Total(DAY, "b", "roo", 1, 0, failed=1),
    Total(DAY + 1, "a", "cli", 4, 4, cached_tokens=3),
)


@pytest.mark.parametrize(
    ("group", "sums"),
    [
        ("model", [UsageTotal(6, 6, 0, 0, 0, 10, 5, 3, model="a"), UsageTotal(1, 0, 0, 0, 1, 0, 0, 0, model="b")]),
        ("key", [UsageTotal(3, 2, 0, 0, 1, 10, 5, 0, key="roo"), UsageTotal(4, 4, 0, 0, 0, 0, 0, 3, key="cli")]),
        (
            "day",
            [
                UsageTotal(3, 2, 0, 0, 1, 10, 5, 0, day="2026-09-21"),
                UsageTotal(4, 4, 0, 0, 0, 0, 0, 3, day="2026-09-22"),
            ],
        ),
    ],
)
def test_totals_are_summed_by_what_is_asked_for(group: str, sums: list[UsageTotal]) -> None:
    assert grouped(TOTALS, group) == sums


def test_without_a_group_nothing_is_summed() -> None:
    assert [(total.day, total.model, total.key) for total in grouped(TOTALS, None)] == [
        ("2026-09-21", "a", "roo"),
        ("2026-09-21", "b", "roo"),
        ("2026-09-22", "a", "cli"),
    ]


async def with_requests(control: Api) -> None:
    books = control.control.books.accounts
    books.ended(record(path="/1", model="a", at=unix_s()))
    books.ended(record(path="/2", model="b", at=unix_s(), took_s=9.0))
    books.ended(record(path="/3", model="a", at=AT - 40 * 86_400, usage=None))


async def test_the_last_requests_come_newest_first(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        await with_requests(control)
        requests = (await control.get("/api/requests?limit=2"))["requests"]
    assert [request["path"] for request in requests] == ["/3", "/2"]
    assert requests[1]["prompt_tokens"] == 10


async def test_totals_are_of_the_last_days(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        await with_requests(control)
        answer = await control.get("/api/usage?group=model&days=1")
    assert [(total["model"], total["requests"]) for total in answer["usage"]] == [("a", 1), ("b", 1)]
    assert "key" not in answer["usage"][0]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("", ["/3", "/2", "/1"]),
        ("?model=a", ["/3", "/1"]),
        ("?model=a&model=b", ["/3", "/2", "/1"]),
        ("?sort=duration&order=asc&limit=1", ["/3"]),
        ("?sort=duration&limit=2&page=2", ["/1"]),
        ("?min_id=2", ["/3", "/2"]),
        ("?max_id=2&min_id=2", ["/2"]),
    ],
)
async def test_activity_is_found_as_llama_swaps_interface_asks_for_it(
    tmp_path: Path, query: str, paths: list[str]
) -> None:
    async with api(tmp_path, fake()) as control:
        await with_requests(control)
        page = await control.get(f"/api/metrics/activity{query}")
    assert [found["req_path"] for found in page["data"]] == paths


async def test_a_page_says_how_many_there_are(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        await with_requests(control)
        page = await control.get("/api/metrics/activity?limit=2&page=2")
    del page["data"]
    assert page == {"page": 2, "limit": 2, "total": 3, "total_pages": 2}


def test_a_request_has_the_fields_that_llama_swaps_interface_reads() -> None:
    found = row(Entry(3, record(usage=Usage(10, 20, 4, 3.0, 100.0), stream=False)))
    assert (found.id, found.model, found.resp_status_code, found.duration_ms) == (3, "tiny", 200, 2500)
    assert found.tokens.prompt_per_second == 2000.0
    assert found.tokens.tokens_per_second == 200.0
    unknown = row(Entry(4, record(model="", usage=None)))
    assert unknown.model == "lane"
    assert (unknown.tokens.input_tokens, unknown.tokens.cache_tokens, unknown.tokens.tokens_per_second) == (0, -1, -1)


@pytest.mark.parametrize("query", ["requests?limit=0", "requests?limit=1&limit=2", "usage?days=401", "usage?group=x"])
async def test_a_query_that_cannot_be_meant_is_refused(tmp_path: Path, query: str) -> None:
    async with api(tmp_path, fake()) as control:
        assert (await control.ask("GET", f"/api/{query}")).json["error"]["code"] == "bad_parameter"


async def test_an_unknown_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        reply = await control.ask("GET", "/api/metrics/activity?sort=colour")
    assert "cannot sort by `colour`: expected one of `id`, `time`" in reply.json["error"]["message"]
