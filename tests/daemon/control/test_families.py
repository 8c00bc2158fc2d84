from pathlib import Path

from prometheus_client.samples import Sample

from remuda.daemon import report
from remuda.daemon.control.families import own
from remuda.engines.contract import Failure, FailureKind
from tests.daemon.control.api import Api, api
from tests.daemon.fleet_of_fakes import fake
from tests.daemon.records import record


def samples(control: Api) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for family in own(control.control):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


async def test_requests_tokens_and_durations_are_counted(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        books = control.control.books.accounts
        books.ended(record(model="fake"))
        books.ended(record(model="", asked="whatever a client writes", status=404, usage=None))
        found = samples(control)
    assert {(*sample.labels.values(), sample.value) for sample in found["remuda_requests_total"]} == {
        ("fake", "roo", "200", 1),
        ("", "roo", "404", 1),
    }
    assert {(sample.labels["kind"], sample.value) for sample in found["remuda_tokens_total"]} == {
        ("prompt", 10),
        ("completion", 21),
        ("cached", 4),
    }
    for name, total in (
        ("request_duration_seconds", 2.5),
        ("queue_seconds", 0.001),
        ("time_to_first_byte_seconds", 0.5),
        ("tokens_per_second", 10.0),
    ):
        assert [sample.value for sample in found[f"remuda_{name}_sum"]] == [total]
        assert [sample.value for sample in found[f"remuda_{name}_count"]] == [1]


async def test_what_models_do_is_told(tmp_path: Path) -> None:
    async with api(tmp_path, fake(), fake("--fail", "oom", model_id="broken")) as control:
        await control.post("fake", "load")
        control.control.books.accounts.tell(report.Failed("broken", Failure(FailureKind.OUT_OF_MEMORY, "")))
        found = samples(control)
    states = {tuple(sample.labels.values()): sample.value for sample in found["remuda_model_state"]}
    assert [key for key, value in states.items() if value] == [("fake", "ready"), ("broken", "stopped")]
    assert [sample.value for sample in found["remuda_in_flight"]] == [0, 0]
    assert [sample.value for sample in found["remuda_waiting"]] == [0, 0]
    assert next(s for s in found["remuda_load_seconds_count"] if s.labels["model"] == "fake").value == 1
    assert {(*sample.labels.values(), sample.value) for sample in found["remuda_failures_total"]} == {
        ("broken", "out_of_memory", 1)
    }
    assert found["process_resident_memory_bytes"][0].value > 0
