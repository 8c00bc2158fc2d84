from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from remuda.plan.check import load_fleet
from remuda.render import llmhop
from remuda.render.contract import Request
from remuda.render.nixos_llmhop.target import FIRST, NAME, SECOND
from tests.render import golden
from tests.render.nix.evaluator import VERSIONS
from tests.render.nixos_llmhop.modules import configured

HERE = Path(__file__).parent
RELEASES = [(FIRST, ""), (SECOND, "-quadlet")]


@pytest.mark.parametrize("case", golden.cases(NAME))
def test_case(case: str) -> None:
    golden.check(NAME, case)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("file", "suffix"), RELEASES, ids=["1", "2"])
def test_llmhop_has_the_page_of_seed_001(version: str, file: PurePosixPath, suffix: str) -> None:
    found = configured(HERE / "seed-001" / "expected" / file, suffix, version)
    vllm = found[f"vllm{suffix}"]
    assert (found["enable"], found["quadlet"], vllm["enable"]) == (True, True, True)
    assert (vllm["user"], vllm["group"], vllm["uid"], vllm["gid"]) == ("vllm", "vllm", 503, 503)
    assert [vllm[f"sub{kind}{what}"] for kind in ("Uid", "Gid") for what in ("Start", "Count")] == [300000, 65536] * 2
    assert (vllm["image"], vllm["tag"]) == ("docker.io/vllm/vllm-openai", "v0.11.0")
    pinned = vllm["models"].pop("pinned")
    assert pinned["digest"].startswith("sha256:a73f")
    assert pinned["tag"] is None
    assert pinned["shmSize"] == "64g"
    assert pinned["environmentFile"] == "/etc/vllm/pinned.env"
    merged = {name: {**vllm["environment"], **model["environment"]} for name, model in vllm["models"].items()}
    assert merged == {name: {"VLLM_LOGGING_LEVEL": "INFO"} for name in ("qwen2-5-7b", "llama-3-8b")}
    assert {**vllm["environment"], **pinned["environment"]} == {
        "VLLM_LOGGING_LEVEL": "DEBUG",
        "CUDA_MODULE_LOADING": "LAZY",
    }
    scaling = pinned["settings"]["rope-scaling"]
    assert (json.loads(scaling) if file == FIRST else scaling) == {"factor": 4.0}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("file", "suffix"), RELEASES, ids=["1", "2"])
def test_everything_that_llmhop_can_be_told(version: str, file: PurePosixPath, suffix: str) -> None:
    found = configured(HERE / "everything" / "expected" / file, suffix, version)
    vllm, sglang = found[f"vllm{suffix}"], found[f"sglang{suffix}"]
    assert "subUidStart" not in vllm
    assert (vllm["user"], vllm["group"], vllm["uid"], vllm["gid"]) == ("models", "users", 1500, 100)
    assert (vllm["cacheDir"], vllm["openFilesLimit"], vllm["startupOrdering"]) == ("/srv/cache", 4096, False)
    assert [sglang[f"sub{key}"] for key in ("UidStart", "UidCount", "GidStart", "GidCount")] == [
        400000,
        1000,
        500000,
        2000,
    ]
    assert (sglang["user"], sglang["dataDir"], sglang["cacheDir"]) == ("sglang", "/srv/sglang", "/var/cache/sglang")
    one, two = vllm["models"]["one"], vllm["models"]["two"]
    assert {**vllm["environment"], **one["environment"]} == {"A": "model", "B": "${x} 'q'"}
    assert {**vllm["environment"], **two["environment"]} == {"A": "engine", "B": "${x} 'q'"}
    shared = {"gpu-memory-utilization": 0.45, "enable-prefix-caching": False}
    assert {**vllm["modelSettings"], **one["settings"]} == {**shared, "seed": 2}
    assert (one["digest"], one["tag"], two["tag"], two["digest"]) == (vllm_digest(), None, "v1", None)
    assert two["shmSize"] == "1g"
    assert (one["devices"], sglang["models"]["three"]["devices"]) == (["nvidia.com/gpu=0"], ["nvidia.com/gpu=all"])
    assert found["settings"]["models"] == {"far": {"url": "http://10.0.0.7:8000"}}


def vllm_digest() -> str:
    return "sha256:a73fb0b9046fee099f7c1829d2548e6cc1740f4c2776a6855fa659ae5d0deb49"


def test_the_router_knows_the_models_where_they_are() -> None:
    fleet, _, _ = load_fleet((HERE / "everything" / "remuda.yaml").read_bytes(), "remuda.yaml")
    told = json.loads(llmhop.render(Request(fleet)).files[llmhop.SECOND])["models"]
    found = configured(HERE / "everything" / "expected" / SECOND, "-quadlet", "nix")
    made = {
        name: {"url": f"http://127.0.0.1:{model['port']}"}
        for engine in ("vllm-quadlet", "sglang-quadlet")
        for name, model in found[engine]["models"].items()
    }
    assert {**made, **found["settings"]["models"]} == told
