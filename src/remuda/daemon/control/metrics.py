"""`GET /metrics`: the daemon's own metrics and those of every engine that is ready, for Prometheus.

It never starts an engine and is no use of one. An engine that does not tell its metrics in time is left out, and
`remuda_engine_metrics_up` says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import ALLOWUTF8
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.families import own
from remuda.daemon.control.operation import TEXT, Control, Operation
from remuda.daemon.control.relabel import Page, Source, merged
from remuda.edge.fetch import fetch
from remuda.edge.http.seam import Endpoint
from remuda.engines import ENGINES
from remuda.errors import EffectError

_TIMEOUT_S = 2.0
_MAX_BYTES = 8 * 1024 * 1024


class _Families(Collector):
    """What prometheus_client's encoders take."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self._families


async def _metrics(control: Control, request: Request) -> Response:
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    if isinstance(encode, partial):
        # Otherwise, in OpenMetrics, it makes `vllm_…` of the samples of `vllm:…`. Nothing needs it, see `relabel`.
        encode = partial(encode.func, **{**encode.keywords, "escaping": ALLOWUTF8})
    pages = await asyncio.gather(*(_page(source, endpoint, path) for source, endpoint, path in _ready(control)))
    families = list(own(control))
    # Long pages take long to read, and requests are waiting.
    body = await asyncio.to_thread(lambda: encode(_Families(merged(families, pages))))
    return Response(body, headers={"content-type": content_type})


def _ready(control: Control) -> Iterable[tuple[Source, Endpoint, str]]:
    """The engines that have metrics, and where."""
    for model, instance in control.status.plan_instances.items():
        path = ENGINES[instance.engine].METRICS
        endpoint = control.status.dispatcher.look(model)
        if path and endpoint:
            yield Source(model, instance.engine, endpoint.authority), endpoint, path


async def _page(source: Source, endpoint: Endpoint, path: str) -> Page:
    try:
        return Page(source, await fetch(endpoint, path, timeout_s=_TIMEOUT_S, max_bytes=_MAX_BYTES))
    except EffectError:
        return Page(source, None)


OPERATIONS = (Operation("GET", "/metrics", _metrics, "Metrics for Prometheus, with those of the engines", TEXT),)
