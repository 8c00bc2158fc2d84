import pytest

from remuda.adapt.compose.ports import Published, published
from tests.adapt.compose.files import said, service


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("8000", Published(8000, None, None)),
        ("'8001:8000'", Published(8000, 8001, None)),
        ("'8001:8000/tcp'", Published(8000, 8001, None)),
        ("'127.0.0.1:8001:8000'", Published(8000, 8001, "127.0.0.1")),
        ("'127.0.0.1::8000'", Published(8000, None, "127.0.0.1")),
        ("'[::1]:8001:8000'", Published(8000, 8001, "::1")),
        ("'${BIND:-0.0.0.0}:${EP:-${PORT:-8020}}:8000'", Published(8000, 8020, "0.0.0.0")),  # noqa: S104
        ("{target: 8000, published: '8001', host_ip: 127.0.0.1}", Published(8000, 8001, "127.0.0.1")),
        ("{target: 8000}", Published(8000, None, None)),
    ],
)
def test_one_port(port: str, expected: Published) -> None:
    found, report = service(f"services: {{s: {{ports: [{port}]}}}}")
    assert (list(published(found, report)), said(report)) == ([expected], [])


@pytest.mark.parametrize("port", ["8000-8005:8000-8005", "x", "8001:80000000"])
def test_what_is_no_single_port_is_said(port: str) -> None:
    found, report = service(f"services: {{s: {{ports: ['{port}', '53:53/udp']}}}}")
    assert list(published(found, report)) == []
    assert said(report) == [f"compose.yaml:1: the port `{port}` is left out: expected one port, as `8000:8000`"]
