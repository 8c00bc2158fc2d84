import pytest

from remuda.adapt.compose.gpus import requested
from tests.adapt.compose.files import said, service


@pytest.mark.parametrize(
    ("keys", "expected", "message"),
    [
        ("image: i", None, None),
        ("gpus: all", ("all",), None),
        ("gpus: [{count: all}]", ("all",), None),
        ("gpus: [{device_ids: ['1', GPU-a]}]", ("1", "GPU-a"), None),
        ("gpus: [{driver: nvidia}]", ("all",), None),
        ("gpus: [{device_ids: ['0,2']}]", ("0", "2"), None),
        ("gpus: [{count: '${N:-1}'}]", ("0",), "one GPU is reserved, not which: the first one is taken"),
        ("gpus: [{count: 2}]", ("0", "1"), "2 GPUs are reserved, not which: the first 2 are taken"),
        ("gpus: [{count: 0}]", None, None),
        ("gpus: [{driver: cdi, device_ids: [nvidia.com/gpu=0]}]", ("nvidia.com/gpu=0",), None),
        (
            "gpus: [{driver: tpu, count: 1}]",
            None,
            "the reserved devices `tpu` are left out: only NVIDIA's GPUs are known here",
        ),
        (
            "gpus: [{count: all, options: {virtualization: x}}]",
            ("all",),
            "`options` of the reserved devices is left out: Remuda has no word for it",
        ),
    ],
)
def test_requested(keys: str, expected: tuple[str, ...] | None, message: str | None) -> None:
    found, report = service(f"services: {{s: {{{keys}}}}}")
    assert requested(found, report) == expected
    assert said(report) == ([f"compose.yaml:1: {message}"] if message else [])


def test_reserved_of_deploy() -> None:
    devices = "[{driver: nvidia, device_ids: ['${GPU:-3}'], capabilities: [gpu]}]"
    found, report = service(f"services: {{s: {{deploy: {{resources: {{reservations: {{devices: {devices}}}}}}}}}}}")
    assert requested(found, report) == ("3",)
