import pytest

from remuda.render.flake.target import NAME
from tests.render import golden
from tests.render.flake.flakes import outputs
from tests.render.nix.evaluator import VERSIONS

FOLDER = golden.folder_of(NAME) / "cuda" / "expected"


@pytest.mark.parametrize("version", VERSIONS)
def test_image(version: str) -> None:
    name = "qwen3-6-27b-vllm-64k-cuda0"
    asked = f"""let made = outputs.packages.x86_64-linux.{name}-image; in {{
      inherit (made) name tag config extraCommands; contents = map (each: each.name) made.contents;
    }}"""
    found = outputs(FOLDER, version, asked)
    config = found["config"]
    assert (found["name"], found["tag"], found["contents"]) == (name, "0.16.0", ["cacert", "fake-nss"])
    assert found["extraCommands"].endswith(config["WorkingDir"].removeprefix("/"))
    assert [entry.rpartition("/")[2] for entry in config["Entrypoint"]] == [f"{name}-server"]
    assert config["ExposedPorts"] == {"8000/tcp": {}}
    assert config["User"].split(":")[0] != "0"
    assert config["Labels"]["org.opencontainers.image.title"] == "Qwen3.6 27B"
    told = dict(each.split("=", 1) for each in config["Env"])
    assert told["SSL_CERT_FILE"].endswith("-cacert/etc/ssl/certs/ca-bundle.crt")
    assert told["HF_HOME"] == config["WorkingDir"]
    assert "/usr/lib64" in told["LD_LIBRARY_PATH"]
    assert not any("VISIBLE" in variable for variable in told)


def test_a_tag_holds_no_plus() -> None:
    folder = golden.folder_of(NAME) / "wheels" / "expected"
    asked = "let made = outputs.packages.x86_64-linux.orchestrator-image; in [ made.name made.tag ]"
    assert outputs(folder, "nix", asked) == ["orchestrator", "0.12.0-rocm711"]


def test_only_cuda_needs_to_be_told_of_its_driver() -> None:
    asked = "outputs.packages.x86_64-linux.qwen3-0-6b-llama-cpp-cpu-image.config.Env"
    assert not any(each.startswith(("LD_", "NVIDIA_")) for each in outputs(FOLDER, "nix", asked))
