import pytest

from remuda.engines import ENGINES
from remuda.render.systemd.cache import redirections


@pytest.mark.parametrize("engine", ENGINES)
def test_all_that_an_engine_keeps_is_below_its_directory(engine: str) -> None:
    led = redirections(engine, "/var/cache/x")
    assert led["HOME"] == "/var/cache/x"
    assert all(value == "/var/cache/x" or value.startswith("/var/cache/x/") for value in led.values())


def test_downloads_are_where_a_container_has_them() -> None:
    assert redirections("vllm", "/c")["HF_HOME"] == "/c"
    assert redirections("llama-cpp", "/c")["LLAMA_CACHE"] == "/c"
    assert redirections("ollama", "/c")["OLLAMA_MODELS"] == "/c/models"
