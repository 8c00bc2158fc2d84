import pytest

from remuda.render.flake.target import NAME
from tests.render import golden
from tests.render.flake.flakes import NIXPKGS, outputs
from tests.render.nix.evaluator import VERSIONS, evaluate, refusal

FOLDER = golden.folder_of(NAME)
FILE = FOLDER / "cuda" / "expected" / "nix" / "models" / "qwen3-6-27b-vllm-64k-cuda0.nix"


def _with(*, cuda: bool, rocm: bool) -> str:
    config = f"{{ cudaSupport = {str(cuda).lower()}; rocmSupport = {str(rocm).lower()}; }}"
    pkgs = f'import {NIXPKGS} {{ system = "x86_64-linux"; config = {config}; overlays = [ ]; }}'
    return f"(import {FILE} {{ pkgs = {pkgs}; }}).server.text != null"


def test_it_asks_torch_whether_it_was_built_for_the_right_gpus() -> None:
    assert evaluate(_with(cuda=True, rocm=False), "nix") is True
    for wrong in (_with(cuda=False, rocm=False), _with(cuda=False, rocm=True), _with(cuda=True, rocm=True)):
        assert "assertion" in refusal(wrong, "nix")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_program_of_each_engine(version: str) -> None:
    asked = "lib.mapAttrs (_: made: made.text or null) outputs.packages.x86_64-linux"
    texts = outputs(FOLDER / "rocm" / "expected", version, asked)
    last = {name: text.splitlines()[-1].split("/", 3)[-1] for name, text in texts.items() if text is not None}
    words = ' "${arguments[@]}"'
    assert {name: line.partition("-")[2] for name, line in last.items()} == {
        "chat-server": f"ollama/bin/ollama{words}",
        "coder-server": f"vllm/bin/vllm{words}",
        "plain-server": f"python/bin/python{words}",
        "slow-server": f"vllm/bin/vllm{words}",
        "small-server": f"llama-cpp/bin/llama-server{words}",
    }
