import pytest

from remuda.adapt.compose.boot import Told, forked, mentions_engine, told
from remuda.adapt.compose.tree import Report
from remuda.adapt.container import ContainerRun
from tests.adapt.compose.files import said, service


@pytest.mark.parametrize(
    ("script", "argv", "expected"),
    [
        (
            "if x; then exec vllm serve $A; fi",
            ("--", "--model", "m", "--served-model-name", "a", "b", "--max-model-len", "4096"),
            Told(("a", "b"), {"ready": "/health", "context_length": 4096}),
        ),
        (
            "exec vllm serve $A",
            ("--", "--port", "8000"),
            Told((), {"ready": "/health", "cmd": ["bash", "-c", "exec vllm serve $A\n", "--", "--port", "${PORT}"]}),
        ),
        ("exec /app/llama-server $A", ("--", "-c", "0", "--alias", "x"), Told(("x",), {"ready": "/health"})),
        ("python3 -m sglang.launch_server $A", ("--",), Told((), {"ready": "/health"})),
        ("exec nginx", ("--max-model-len", "4096"), Told()),
    ],
)
def test_what_is_told_of_a_script(script: str, argv: tuple[str, ...], expected: Told) -> None:
    assert told(ContainerRun(image="x", entrypoint=("bash", "-c", f"{script}\n"), argv=argv)) == expected


def test_engines_in_scripts() -> None:
    assert mentions_engine("set -e; exec vllm  serve")
    assert not mentions_engine("echo vllm")


@pytest.mark.parametrize(
    ("image", "argv", "expected"),
    [
        ("ghcr.io/x/llamacpp-fork", ("-m", "a.gguf"), ("/app/llama-server",)),
        ("ghcr.io/ggml-org/llama.cpp", ("-m", "a.gguf"), None),
        ("ghcr.io/x/llamacpp-fork", ("serve",), None),
        ("ghcr.io/x/other", ("-m", "a.gguf"), None),
    ],
)
def test_forks_of_llama_cpp(image: str, argv: tuple[str, ...], expected: tuple[str, ...] | None) -> None:
    found, report = service("services: {s: {image: x}}")
    assert forked(ContainerRun(image=image, argv=argv), found.get("image"), report).entrypoint == expected
    assert len(said(report)) == (expected is not None)
    assert isinstance(report, Report)
