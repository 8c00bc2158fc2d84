import pytest

from remuda.edge.http.seam import Endpoint


@pytest.mark.parametrize(
    ("endpoint", "authority", "url"),
    [
        (Endpoint("127.0.0.1", 8001), "127.0.0.1:8001", "http://127.0.0.1:8001"),
        (Endpoint("::1", 8001), "[::1]:8001", "http://[::1]:8001"),
        (Endpoint("host.example", 443, tls=True, base_path="/b"), "host.example:443", "https://host.example:443/b"),
    ],
)
def test_an_endpoint_is_written_as_urls_have_it(endpoint: Endpoint, authority: str, url: str) -> None:
    assert (endpoint.authority, endpoint.url) == (authority, url)
