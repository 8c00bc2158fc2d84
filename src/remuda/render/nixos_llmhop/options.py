"""The options of llmhop's modules for engines in containers: names, types and defaults.

Those of `services.llmhop.vllm` in its releases 1.2 and 1.3, and of `services.llmhop.vllm-quadlet` since 2.0, which has
the same ones; SGLang's differ in the image and the directories only. Sources: nix/modules/lib.nix and vllm.nix of
mirkolenz/llmhop at 058afbb, nix/modules/quadlet/vllm.nix at 4917357.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final

from remuda.engines import sglang, vllm


class Kind(Enum):
    """The types of options."""

    BOOL = auto()
    TEXT = auto()
    MAYBE_TEXT = auto()
    NAME = auto()
    """A text that matches `[[:alnum:]][[:alnum:].-]*`."""
    PATH = auto()
    MAYBE_PATH = auto()
    UNSIGNED = auto()
    POSITIVE = auto()
    PORT = auto()
    TEXTS = auto()
    TEXT_BY_NAME = auto()
    ANYTHING_BY_NAME = auto()
    MODELS = auto()


class Given(Enum):
    """Defaults that are no values."""

    NEVER = auto()
    """It has to be set."""
    BY_MACHINE = auto()
    """It depends on the machine's configuration."""
    BY_KEY = auto()
    """The attribute's name."""


@dataclass(frozen=True, slots=True)
class Same:
    """The default is the value of another option."""

    option: str


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its type, and what it is unless it is set."""

    kind: Kind
    default: Any


IMAGES: Final[Mapping[str, str]] = MappingProxyType(
    {vllm.NAME: "docker.io/vllm/vllm-openai", sglang.NAME: "docker.io/lmsysorg/sglang"}
)
"""The engines that llmhop runs in containers, with their images."""


def of_engine(engine: str) -> Mapping[str, Option]:
    """The options of an engine's module."""
    return {
        "enable": Option(Kind.BOOL, default=False),
        "user": Option(Kind.TEXT, engine),
        "group": Option(Kind.TEXT, Same("user")),
        "uid": Option(Kind.UNSIGNED, Given.NEVER),
        "gid": Option(Kind.UNSIGNED, Same("uid")),
        "dataDir": Option(Kind.PATH, f"/var/lib/{engine}"),
        "cacheDir": Option(Kind.PATH, f"/var/cache/{engine}"),
        "subUidStart": Option(Kind.UNSIGNED, Given.NEVER),
        "subUidCount": Option(Kind.POSITIVE, 65536),
        "subGidStart": Option(Kind.UNSIGNED, Same("subUidStart")),
        "subGidCount": Option(Kind.POSITIVE, Same("subUidCount")),
        "image": Option(Kind.TEXT, IMAGES[engine]),
        "tag": Option(Kind.TEXT, Given.NEVER),
        "devices": Option(Kind.TEXTS, Given.BY_MACHINE),
        "environment": Option(Kind.TEXT_BY_NAME, {}),
        "environmentFile": Option(Kind.MAYBE_PATH, None),
        "modelSettings": Option(Kind.ANYTHING_BY_NAME, {}),
        "openFilesLimit": Option(Kind.POSITIVE, 1048576),
        "startupOrdering": Option(Kind.BOOL, default=True),
        "models": Option(Kind.MODELS, {}),
    }


OF_MODEL: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "enable": Option(Kind.BOOL, default=True),
        "name": Option(Kind.NAME, Given.BY_KEY),
        "model": Option(Kind.TEXT, Given.NEVER),
        "port": Option(Kind.PORT, Given.NEVER),
        "tag": Option(Kind.MAYBE_TEXT, None),
        "digest": Option(Kind.MAYBE_TEXT, None),
        "devices": Option(Kind.TEXTS, Same("devices")),
        "settings": Option(Kind.ANYTHING_BY_NAME, {}),
        "environment": Option(Kind.TEXT_BY_NAME, {}),
        "environmentFile": Option(Kind.MAYBE_PATH, None),
        "shmSize": Option(Kind.TEXT, "32g"),
    }
)
"""The options of a model; `devices` is that of its engine."""


def set_options(options: Mapping[str, Option], values: Mapping[str, Any], among: Mapping[str, Any]) -> dict[str, Any]:
    """The values that differ from the defaults, in the order of the options; None is for one that is not given.

    `among`: the values of the engine's options, which some defaults follow.
    """
    found: dict[str, Any] = {}
    for name, option in options.items():
        default = among.get(option.default.option) if isinstance(option.default, Same) else option.default
        if values.get(name) not in (None, default):
            found[name] = values[name]
    return found
