from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parent.parent.parent / "tools" / "harvest_flags.py"

ENGINE = """
class EngineArgs:
    @staticmethod
    def add_cli_args(parser):
        model_kwargs = get_kwargs(ModelConfig)
        group = parser.add_argument_group(title="ModelConfig")
        group.add_argument("--dtype", **model_kwargs["dtype"])
        group.add_argument("--enforce-eager", **model_kwargs["enforce_eager"])
        group.add_argument("--hf-token", **model_kwargs["hf_token"])
        group.add_argument("--prefix-caching", **{**model_kwargs["prefix_caching"], "default": None})
        group.add_argument("--tensor-parallel-size", "-tp", type=int)
        guided = [("--guided-backend", str), ("--guided-fallback", bool)]
        for arg, kind in guided:
            group.add_argument(arg, type=kind)
        parser.add_argument("--log-requests", action=argparse.BooleanOptionalAction)
"""
CONFIG = """
class Common:
    enforce_eager: bool = False

class ModelConfig(Common):
    dtype: str = "auto"
    hf_token: bool | str | None = None
    prefix_caching: bool | None = None
"""
SERVER = """
class BaseFrontendArgs:
    api_key: list[str] | None = None

class FrontendArgs(BaseFrontendArgs):
    allow_credentials: bool = False

class BatchArgs(BaseFrontendArgs):
    input_file: str | None = None

def make_arg_parser(parser):
    parser.add_argument("model_tag", nargs="?")
    parser.add_argument("--headless", action="store_true")
"""
ENVS = """
environment_variables = {
    "VLLM_PORT": lambda: os.getenv("VLLM_PORT"),
    "MAX_JOBS": lambda: os.getenv("MAX_JOBS"),
}
"""
QUANTIZATION = """
QuantizationMethods = Literal["awq", "fp8"]
"""
AWQ = """
class AWQConfig:
    def get_name(self):
        return "awq"

    @classmethod
    def get_min_capability(cls):
        # Turing
        return 75
"""
VLLM = {
    "vllm/engine/arg_utils.py": ENGINE,
    "vllm/config/model.py": CONFIG,
    "vllm/entrypoints/cli/serve.py": "",
    "vllm/entrypoints/openai/cli_args.py": SERVER,
    "vllm/envs.py": ENVS,
    "vllm/other.py": 'os.environ.get("VLLM_ELSEWHERE", "0")',
    "vllm/utils/argparse_utils.py": 'if arg.startswith("-O"): ...',
    "vllm/model_executor/layers/quantization/__init__.py": QUANTIZATION,
    "vllm/model_executor/layers/quantization/awq.py": AWQ,
}
ARG_CPP = """
    add_opt(common_arg(
        {"-c", "--ctx-size"}, "N", "size",
    ).set_env("LLAMA_ARG_CTX_SIZE"));
    add_opt(common_arg(
        {"--mmap"},
        {"--no-mmap"},
        "map",
    ).set_examples({LLAMA_EXAMPLE_SERVER, LLAMA_EXAMPLE_CLI}).set_env("LLAMA_ARG_MMAP"));
    add_opt(common_arg({"--imatrix"}, "F", "x").set_examples({LLAMA_EXAMPLE_IMATRIX}).set_env("LLAMA_ARG_IMATRIX"));
    add_opt(common_arg({"--draft"}, "N", "x", [] { arg_removed("use another"); }).set_env("LLAMA_ARG_DRAFT"));
"""


@pytest.fixture(scope="module")
def harvest() -> ModuleType:
    spec = importlib.util.spec_from_file_location("harvest_flags", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["harvest_flags"] = module  # where dataclasses look for their module
    spec.loader.exec_module(module)
    return module


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_release_of_vllm(harvest: ModuleType, tmp_path: Path) -> None:
    known = harvest.vllm(harvest.Folder(write(tmp_path, VLLM)))
    assert known.flags == {
        *("--dtype", "--enforce-eager", "--no-enforce-eager", "--hf-token"),
        *("--prefix-caching", "--no-prefix-caching", "--tensor-parallel-size", "-tp"),
        *("--guided-backend", "--guided-fallback", "--log-requests", "--no-log-requests"),
        *("--api-key", "--allow-credentials", "--no-allow-credentials", "--headless", "-O"),
    }
    assert known.variables == {"VLLM_PORT", "VLLM_ELSEWHERE"}
    assert known.quantizations == {"awq", "fp8"}
    assert known.capabilities == {"awq=75"}


def test_a_flag_that_cannot_be_told_ends_the_harvest(harvest: ModuleType, tmp_path: Path) -> None:
    files = VLLM | {"vllm/engine/arg_utils.py": "parser.add_argument(name)"}
    with pytest.raises(SystemExit, match="cannot tell which flags `name` stands for in line 1"):
        harvest.vllm(harvest.Folder(write(tmp_path, files)))


def test_a_folder_that_is_no_release(harvest: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"expected vllm/engine/arg_utils\.py"):
        harvest.vllm(harvest.Folder(tmp_path))


def test_a_build_of_llama_cpp(harvest: ModuleType, tmp_path: Path) -> None:
    known = harvest.llama_cpp(harvest.Folder(write(tmp_path, {"common/arg.cpp": ARG_CPP})))
    assert known.flags == {"-c", "--ctx-size", "--mmap", "--no-mmap"}
    assert known.variables == {"LLAMA_ARG_CTX_SIZE", "LLAMA_ARG_MMAP"}


def test_a_tag_of_a_git_repository_reads_as_a_folder_does(harvest: ModuleType, tmp_path: Path) -> None:
    root = write(tmp_path, VLLM)
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", "v1.0.0"]):
        subprocess.run([*git, *words], check=True)
    assert harvest.vllm(harvest.GitTag(root, "v1.0.0")) == harvest.vllm(harvest.Folder(root))


def test_names_are_written_with_the_releases_that_know_them(harvest: ModuleType) -> None:
    by_version = {"0.10.0": "ab", "0.8.5": "ac", "0.8.5.post1": "bc", "0.9.0": "ac"}
    harvested = {version: harvest.Known(frozenset(names), frozenset()) for version, names in by_version.items()}
    assert list(harvest.lines("vllm", harvested))[1:] == [
        "releases 0.8.5 0.8.5.post1 0.9.0 0.10.0",
        "flag a 0.8.5..0.8.5 0.9.0..",
        "flag b 0.8.5.post1..0.8.5.post1 0.10.0..",
        "flag c 0.8.5..0.9.0",
    ]
