from typing import Any

import pytest

from remuda.adapt.compose.model import model
from remuda.adapt.compose.tree import Report
from tests.adapt.compose.files import opened, said

VLLM = "image: 'vllm/vllm-openai:v1', command: org/name"


def read(keys: str) -> tuple[dict[str, Any], list[str]]:
    report = Report()
    found = model(opened(f"services: {{s: {{{keys}}}}}"), "s", report, is_wanted=False)
    return dict(found.entry) if found else {}, said(report)


@pytest.mark.parametrize(
    ("keys", "key", "value"),
    [
        ("mem_limit: 32g, cpus: 7.5", "limits", {"memory": "32GiB", "cpus": 7.5}),
        ("deploy: {resources: {limits: {memory: 1024, cpus: '2'}}}", "limits", {"memory": 1024, "cpus": 2.0}),
        ("healthcheck: {test: [CMD, curl, 'http://localhost:8000/health']}", "ready", None),
        ("healthcheck: {test: 'curl -f http://localhost:8000/v1/models || exit 1'}", "ready", "/v1/models"),
        ("healthcheck: {test: [NONE]}", "ready", None),
        ("healthcheck: {disable: true, test: [CMD, x]}", "ready", None),
        ("shm_size: 32gb", "shm_size", None),
        ("shm_size: 34359738368", "shm_size", None),
        ("mem_limit: 34359738368", "limits", {"memory": "32GiB"}),
        ("shm_size: 8gb", "shm_size", "8GiB"),
        ("container_name: my-vllm", "unit", "my-vllm"),
    ],
)
def test_keys(keys: str, key: str, value: object) -> None:
    entry, messages = read(f"{VLLM}, {keys}")
    assert (entry.get(key), messages) == (value, [])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("shm_size: much", "`shm_size: much` is left out: expected a size, as `16g`"),
        ("mem_limit: much", "the limit `much` is left out: expected a size, as `32g`"),
        ("cpus: all", "the limit `all` is left out: expected a number of processors"),
        ("container_name: a_b", "`container_name: a_b` is left out: no unit can be called so"),
        ("image: vllm/vllm-openai, command: org/name", "the image `vllm/vllm-openai` has no tag"),
    ],
)
def test_what_cannot_be_taken_over_is_said(keys: str, message: str) -> None:
    entry, messages = read(f"{VLLM}, {keys}" if "image" not in keys else keys)
    assert entry["engine"] == "vllm"
    [said_so] = messages
    assert message in said_so


def test_remarks_of_the_container_have_a_place_in_the_service() -> None:
    report = Report()
    text = "services:\n  s:\n    image: vllm/vllm-openai:v1\n    command:\n    - org/name\n    - --odd-flag\n"
    model(opened(text), "s", report, is_wanted=False)
    assert [line.partition(": ")[0] for line in said(report)] == ["compose.yaml:5"]
