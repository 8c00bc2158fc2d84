import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from remuda.plan.plan import Instance
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake

PAGE = b"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 2\n"


def read_openmetrics(page: bytes) -> dict[str, Metric]:
    return {family.name: family for family in parse_openmetrics(page.decode())}  # type: ignore[no-untyped-call]


@asynccontextmanager
async def vllm(page: bytes) -> AsyncIterator[Instance]:
    """Somebody else's vLLM that has only metrics."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line == b"\r\n":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(page), page))
                break
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Instance("theirs", "theirs", "vllm", "external", url=f"http://127.0.0.1:{port}", ready="")


async def test_the_engines_that_are_ready_tell_theirs(tmp_path: Path) -> None:
    async with vllm(PAGE) as theirs, api(tmp_path, fake(), theirs, claim=0) as control:
        before = await control.ask("GET", "/metrics")
        await control.post("theirs", "load")
        after = await control.ask("GET", "/metrics")
    assert b"vllm:" not in before.body
    assert b"remuda_engine_metrics_up" not in before.body
    families = {family.name: family for family in read_text(after.body.decode())}
    (sample,) = families["vllm:num_requests_running"].samples
    assert (sample.labels["model"], sample.labels["engine"], sample.value) == ("theirs", "vllm", 2)
    assert families["remuda_engine_metrics_up"].samples[0].value == 1
    assert "process_cpu_seconds" in families


async def test_an_engine_that_tells_nonsense_does_not_hide_the_others(tmp_path: Path) -> None:
    async with vllm(b"\xff\x00{") as theirs, api(tmp_path, theirs, claim=0) as control:
        await control.post("theirs", "load")
        reply = await control.ask("GET", "/metrics")
    families = {family.name: family for family in read_text(reply.body.decode())}
    assert families["remuda_engine_metrics_up"].samples[0].value == 0
    assert "remuda_model_state" in families


async def test_openmetrics_has_the_same_names(tmp_path: Path) -> None:
    async with vllm(PAGE) as theirs, api(tmp_path, theirs, claim=0) as control:
        await control.post("theirs", "load")
        reply = await control.ask("GET", "/metrics", accept="application/openmetrics-text")
    families = read_openmetrics(reply.body)
    assert [sample.name for sample in families["vllm:num_requests_running"].samples] == ["vllm:num_requests_running"]


async def test_the_format_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        text = await control.ask("GET", "/metrics")
        asked = "application/openmetrics-text;version=1.0.0;q=0.7,text/plain;version=0.0.4;q=0.3"
        strict = await control.ask("GET", "/metrics", accept=asked)
    assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert strict.headers.get_content_type() == "application/openmetrics-text"
    assert "remuda_requests" in read_openmetrics(strict.body)
