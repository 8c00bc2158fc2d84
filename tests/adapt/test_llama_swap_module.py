from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from remuda.adapt.contract import Source
from remuda.adapt.llama_swap_module import adapt
from remuda.adapt.module_text import with_data
from tests.adapt.files import InMemory

CONFIG = {"models": {"a": {"cmd": "llama-server --port ${PORT} -m /a.gguf"}}}


@pytest.mark.parametrize("options", [CONFIG, {"enable": True, "settings": CONFIG}])
def test_the_settings_are_its_configuration(options: dict[str, Any]) -> None:
    found = adapt(with_data(Source(PurePosixPath("config.nix"), InMemory({})), options))
    assert found.data["models"]["a"]["model"] == "/a.gguf"
    assert not found.is_refused


def test_no_configuration_at_all_is_an_error() -> None:
    assert adapt(with_data(Source(PurePosixPath("config.nix"), InMemory({})), {})).is_refused
