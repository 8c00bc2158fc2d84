"""Pages of engines, merged; every result is read again by strict parsers of both formats."""

import pytest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.registry import Collector

from remuda.daemon.control.relabel import Page, Source, merged

VLLM = """
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop",model_name="m"} 3.0
# HELP vllm:request_success_created Count of successfully processed requests.
# TYPE vllm:request_success_created gauge
vllm:request_success_created{engine="0",finished_reason="stop",model_name="m"} 1.7e+09
# HELP vllm:e2e_request_latency_seconds Histogram of e2e request latency in seconds.
# TYPE vllm:e2e_request_latency_seconds histogram
vllm:e2e_request_latency_seconds_bucket{engine="0",le="0.5",model_name="m"} 1.0
vllm:e2e_request_latency_seconds_bucket{engine="0",le="+Inf",model_name="m"} 3.0
vllm:e2e_request_latency_seconds_count{engine="0",model_name="m"} 3.0
vllm:e2e_request_latency_seconds_sum{engine="0",model_name="m"} 2.5
# TYPE vllm:e2e_request_latency_seconds_created gauge
vllm:e2e_request_latency_seconds_created{engine="0",model_name="m"} 1.7e+09
# HELP process_open_fds Number of open file descriptors.
# TYPE process_open_fds gauge
process_open_fds 40.0
"""

LLAMA_CPP = """
# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 6
# HELP llamacpp:n_tokens_max Largest observed n_tokens.
# TYPE llamacpp:n_tokens_max counter
llamacpp:n_tokens_max 30
"""


class Families(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def page(text: str | None, model: str = "a", engine: str = "vllm", instance: str = "127.0.0.1:1") -> Page:
    return Page(Source(model, engine, instance), None if text is None else text.encode())


def own() -> list[Metric]:
    family = CounterMetricFamily("remuda_requests", "Requests.", labels=("model",))
    family.add_metric(("a",), 5)
    return [family]


def samples(*pages: Page) -> dict[str, dict[tuple[str, ...], float]]:
    """The values by name and the values of sorted labels, having gone through both formats."""
    families = Families(merged(own(), pages))
    page = openmetrics.generate_latest(families, escaping=openmetrics.ALLOWUTF8)  # type: ignore[no-untyped-call]
    strict = list(read_openmetrics(page.decode()))  # type: ignore[no-untyped-call]
    assert len({family.name for family in strict}) == len(strict)
    text = generate_latest(families).decode()
    declared = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(declared) == len(set(declared))
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in read_text(text):
        for sample in family.samples:
            labels = tuple(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {})
            found[sample.name][labels] = sample.value
    return found


OURS = ("engine=vllm", "instance=127.0.0.1:1", "model=a")


def test_every_sample_says_whose_it_is_and_keeps_its_own_labels() -> None:
    found = samples(page(VLLM))
    assert found["process_open_fds"] == {OURS: 40}
    assert found["remuda_requests_total"] == {("model=a",): 5}
    (labels,) = found["vllm:request_success_total"]
    assert labels == (
        "engine=vllm",
        "exported_engine=0",
        "finished_reason=stop",
        "instance=127.0.0.1:1",
        "model=a",
        "model_name=m",
    )


def test_two_instances_share_their_families() -> None:
    found = samples(page(VLLM), page(VLLM, model="b", instance="127.0.0.1:2"), page(LLAMA_CPP, "c", "llama-cpp"))
    assert len(found["process_open_fds"]) == 2
    assert len(found["vllm:e2e_request_latency_seconds_bucket"]) == 4
    assert found["remuda_engine_metrics_up"] == {
        OURS: 1,
        ("engine=vllm", "instance=127.0.0.1:2", "model=b"): 1,
        ("engine=llama-cpp", "instance=127.0.0.1:1", "model=c"): 1,
    }


def test_a_counter_keeps_its_name_even_if_openmetrics_would_have_another() -> None:
    found = samples(page(LLAMA_CPP))
    assert found["llamacpp:n_tokens_max"] == {OURS: 30}
    assert found["llamacpp:prompt_tokens_total"] == {OURS: 6}


def test_what_two_engines_declare_differently_is_untyped() -> None:
    found = samples(page("# TYPE x gauge\nx 1\n"), page("# TYPE x untyped\nx 2\n", model="b"))
    assert sorted(found["x"].values()) == [1, 2]


def test_a_label_that_is_exported_already_gets_another_name() -> None:
    found = samples(page('x{model="1",exported_model="2"} 5\n'))
    (labels,) = found["x"]
    assert "model=a" in labels
    assert {"exported_model=1", "exported_exported_model=2"} <= set(labels)


def test_names_that_only_the_newest_prometheus_reads_are_made_plain() -> None:
    assert samples(page('{"queue.length","a.b"="c"} 1\n'))["queue_length"] == {("a_b=c", *OURS): 1}


@pytest.mark.parametrize("text", [None, "no metrics at all", 'x{a="b" 1', "x 1 2 3 {", "# TYPE x wrong\nx 1"])
def test_what_is_not_told_or_cannot_be_read_is_down(text: str | None) -> None:
    assert samples(page(text))["remuda_engine_metrics_up"] == {OURS: 0}


def test_without_engines_there_is_nothing_to_be_up() -> None:
    assert set(samples()) == {"remuda_requests_total"}
