from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from ollama import ListResponse, ProcessResponse, ShowResponse

from remuda import __version__
from remuda.gateway.translate.ollama_listing import Seen, plain_name, running, show, tags, version

BARE = Seen("tiny", "Tiny", "llama-cpp", 1_700_000_000.0)
FULL = Seen(
    id="org/qwen:27b",
    title="Qwen 27B",
    engine="vllm",
    created=1_700_000_000.5,
    context_length=180_000,
    capabilities=("completion", "tools"),
    size_bytes=20_000,
    size_vram_bytes=22_000,
    expires_at=1_700_000_300.0,
    format="safetensors",
    family="qwen3",
    parameter_size="27B",
    quantization_level="INT4",
)


def test_tags_are_read_by_the_client_package() -> None:
    told = ListResponse.model_validate_json(msgspec.json.encode(tags([FULL, BARE])))
    full, bare = told.models
    assert (full.model, bare.model) == ("org/qwen:27b", "tiny")
    assert (full.size, bare.size) == (20_000, 0)
    assert full.modified_at == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)
    assert full.digest != bare.digest
    assert len(bare.digest or "") == 64
    assert full.details is not None
    assert (full.details.family, full.details.families, full.details.quantization_level) == ("qwen3", ["qwen3"], "INT4")
    assert bare.details is not None
    assert (bare.details.format, bare.details.families, bare.details.parameter_size) == ("", [], "")


def test_tags_name_what_a_model_can_do() -> None:
    (entry,) = tags([FULL])["models"]
    assert (entry["name"], entry["capabilities"]) == ("org/qwen:27b", ("completion", "tools"))
    assert entry["details"]["context_length"] == 180_000


def test_running_models_are_read_by_the_client_package() -> None:
    full, bare = ProcessResponse.model_validate_json(msgspec.json.encode(running([FULL, BARE]))).models
    assert (full.name, full.size_vram, full.context_length) == ("org/qwen:27b", 22_000, 180_000)
    assert full.expires_at == datetime(2023, 11, 14, 22, 18, 20, tzinfo=UTC)
    assert bare.context_length == 0


def test_a_model_that_stays_for_ever_expires_when_nobody_is_left_to_see() -> None:
    (bare,) = ProcessResponse.model_validate_json(msgspec.json.encode(running([BARE]))).models
    assert bare.expires_at is not None
    assert bare.expires_at.year == 2300


def test_a_shown_model_is_read_by_the_client_package() -> None:
    told = ShowResponse.model_validate_json(msgspec.json.encode(show(FULL)))
    assert told.capabilities == ["completion", "tools"]
    assert told.modelinfo == {
        "general.architecture": "qwen3",
        "general.basename": "Qwen 27B",
        "qwen3.context_length": 180_000,
    }


def test_clients_find_an_architecture_where_none_is_known() -> None:
    info = show(msgspec.structs.replace(BARE, context_length=512))["model_info"]
    assert info == {
        "general.architecture": "llama-cpp",
        "general.basename": "Tiny",
        "llama-cpp.context_length": 512,
    }
    assert "llama-cpp.context_length" not in show(BARE)["model_info"]


def test_the_version_is_one_that_clients_compare() -> None:
    told = version()
    assert tuple(map(int, told["version"].split("."))) >= (0, 6, 4)
    assert told["remuda"] == __version__


def test_a_plain_name_has_no_latest() -> None:
    assert [plain_name(name) for name in ("a:latest", "a", "a:7b", "latest")] == ["a", "a", "a:7b", "latest"]
