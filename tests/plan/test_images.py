import pytest

from remuda.plan.images import OfficialImage, official


@pytest.mark.parametrize(
    ("engine", "reference", "found"),
    [
        ("vllm", "docker.io/vllm/vllm-openai:v0.19.1", ("docker.io/vllm/vllm-openai", "0.19.1", "")),
        ("vllm", "localhost:5000/vllm/vllm-openai:0.9.0.1", ("localhost:5000/vllm/vllm-openai", "0.9.0.1", "")),
        ("vllm", "vllm/vllm-openai:v0.20.0-cu129", ("vllm/vllm-openai", "0.20.0", "-cu129")),
        ("vllm", "vllm/vllm-openai:v0.8.5.post1", ("vllm/vllm-openai", "0.8.5.post1", "")),
        ("llama-cpp", "ghcr.io/ggml-org/llama.cpp:full-b8642", ("ghcr.io/ggml-org/llama.cpp", "b8642", "full")),
        ("vllm", "vllm/vllm-openai:nightly", None),
        ("vllm", "vllm/vllm-openai@sha256:0123", None),
        ("vllm", "somebody/vllm-openai:v0.19.1", None),
        ("ollama", "ollama/ollama:0.12.3", None),
    ],
)
def test_an_official_image_names_its_release(engine: str, reference: str, found: tuple[str, str, str] | None) -> None:
    assert official(engine, reference) == (OfficialImage(*found) if found else None)


@pytest.mark.parametrize(
    ("repository", "is_original"),
    [("docker.io/vllm/vllm-openai", True), ("vllm/vllm-openai", True), ("mirror.local/vllm/vllm-openai", False)],
)
def test_a_mirror_may_hold_another_build(repository: str, *, is_original: bool) -> None:
    found = official("vllm", f"{repository}:v0.19.1")
    assert found
    assert found.is_original == is_original
