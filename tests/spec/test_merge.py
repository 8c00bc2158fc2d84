from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.spec.fleet import Fleet
from remuda.spec.merge import Effective, effective, flag, merged_settings

ENGINE = {
    "image": "docker.io/vllm/vllm-openai",
    "tag": "v0.23.0",
    "devices": ["cuda:all"],
    "environment": {"A": "engine", "B": "engine"},
    "environment_file": "/etc/vllm/.env",
    "settings": {"gpu-memory-utilization": 0.92, "max-model-len": 8192, "enforce-eager": True},
    "executable": "/opt/vllm",
}


def merged(engine: dict[str, Any], **model: Any) -> Effective:
    entry = {"engine": "vllm", "model": "m"} | model
    return effective(Fleet.model_validate({"engines": {"vllm": engine}, "models": {"a": entry}}), "a")


def test_defaults_of_the_engine_apply() -> None:
    found = merged(ENGINE)
    assert (found.engine, found.runtime, found.devices) == ("vllm", "process", ("cuda:all",))
    assert (found.executable, found.environment_files) == ("/opt/vllm", ("/etc/vllm/.env",))
    assert found.image == "docker.io/vllm/vllm-openai:v0.23.0"
    assert found.settings == ENGINE["settings"]


def test_the_model_wins() -> None:
    found = merged(
        ENGINE,
        devices=["cuda0"],
        environment={"B": "model", "C": "model"},
        environment_file="/etc/model.env",
        settings={"max-model-len": 180000},
        executable="vllm",
    )
    assert (found.devices, found.executable) == (("cuda0",), "vllm")
    assert found.environment == {"A": "engine", "B": "model", "C": "model"}
    assert found.environment_files == ("/etc/vllm/.env", "/etc/model.env")
    assert found.settings == {"gpu-memory-utilization": 0.92, "max-model-len": 180000, "enforce-eager": True}


def test_a_model_removes_a_variable() -> None:
    assert merged(ENGINE, environment={"A": None, "C": None}).environment == {"B": "engine"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"enforce-eager": None}, {"max-model-len": 1}),
        ({"enforce_eager": None}, {"max-model-len": 1}),
        ({"max_model_len": 2}, {"max_model_len": 2, "enforce-eager": True}),
        ({"enforce-eager": False}, {"max-model-len": 1, "enforce-eager": False}),
        ({}, {"max-model-len": 1, "enforce-eager": True}),
    ],
)
def test_settings_are_the_same_flag_however_spelled_and_null_drops_one(
    own: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merged_settings({"max-model-len": 1, "enforce-eager": True, "unset": None}, own) == expected


@pytest.mark.parametrize(
    ("engine", "model", "expected"),
    [
        ({"image": "i", "tag": "1"}, {}, "i:1"),
        ({"image": "i", "tag": "1"}, {"tag": "2"}, "i:2"),
        ({"image": "i", "tag": "1"}, {"digest": "sha256:0"}, "i@sha256:0"),
        ({"image": "i", "digest": "sha256:0"}, {"tag": "2"}, "i:2"),
        ({"image": "i", "tag": "1"}, {"image": "j"}, None),
        ({"image": "i", "tag": "1"}, {"image": "j", "tag": "2"}, "j:2"),
        ({"image": "i"}, {}, None),
        ({}, {"tag": "2"}, None),
        ({}, {}, None),
    ],
)
def test_an_image_and_its_tag_or_digest_are_one_choice(
    engine: dict[str, str], model: dict[str, str], expected: str | None
) -> None:
    assert merged(engine, **model).image == expected


def test_devices_of_nobody_and_of_an_empty_list() -> None:
    assert merged({}).devices is None
    assert merged(ENGINE, devices=[]).devices == ()


def test_a_command_has_its_engine_and_runtime_implied() -> None:
    fleet = Fleet.model_validate({"models": {"a": {"cmd": "x"}, "b": {"url": "http://h"}}})
    assert [(e.engine, e.runtime) for e in (effective(fleet, "a"), effective(fleet, "b"))] == [
        ("command", "process"),
        ("command", "external"),
    ]


settings = st.dictionaries(st.sampled_from(["a", "b_c", "b-c", "d"]), st.none() | st.integers(), max_size=4)


@given(settings, settings)
def test_merging_keeps_what_the_model_says_and_nothing_it_replaces(
    defaults: dict[str, int | None], own: dict[str, int | None]
) -> None:
    found = merged_settings(defaults, own)
    assert None not in found.values()
    assert {key: value for key, value in own.items() if value is not None}.items() <= found.items()
    assert not {flag(key) for key in found if key not in own} & {flag(key) for key in own}
