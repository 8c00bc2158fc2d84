import pytest

from remuda.facts.parse.versions import ASKED, version


@pytest.mark.parametrize(
    ("name", "printed", "found"),
    [
        ("systemd", "systemd 252 (252.36-1~deb12u1)\n+PAM +AUDIT\n", "252"),
        ("nix", "nix (Nix) 2.31.2\n", "2.31.2"),
        ("nix", "nix (Determinate Nix 3.8.5) 2.30.2\n", "2.30.2"),
        ("docker-compose", "Docker Compose version v2.38.1\n", "2.38.1"),
        ("docker-compose", "docker: 'compose' is not a docker command.\n", None),
        ("nvidia-ctk", "NVIDIA Container Toolkit CLI version 1.17.8\ncommit: f202b80a\n", "1.17.8"),
        ("llama-server", "ggml_cuda_init: found 1 CUDA devices\nversion: 4719 (d7b31a9d)\nbuilt with cc\n", "4719"),
        ("ollama", "ollama version is 0.31.2\n", "0.31.2"),
        ("ollama", "Warning: could not connect\nWarning: client version is 0.13.1\n", "0.13.1"),
        ("ollama", "", None),
    ],
)
def test_a_version_is_found_in_what_a_program_prints(name: str, printed: str, found: str | None) -> None:
    (asking,) = (asking for asking in ASKED if asking.name == name)
    assert version(asking, printed) == found
