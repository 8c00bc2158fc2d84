"""Reads a configuration as llama-swap does: its macros, its lines, its splitter; written after its sources at 0bdb372.

It knows as much as is needed to see which words a model is started with, and refuses what llama-swap refuses.
"""

import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

MACRO = re.compile(r"\$\{([a-zA-Z0-9_-]+)\}")
ENVIRONMENT = re.compile(r"\$\{env\.([a-zA-Z_][a-zA-Z0-9_]*)\}")


def load(text: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with everything filled in; ports from 5800 on, in the order of model IDs."""
    text = ENVIRONMENT.sub(lambda match: environment[match[1]].replace("\\", "\\\\").replace('"', '\\"'), text)
    config: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    macros = config.pop("macros", {})
    port = 5800
    for model_id in sorted(config["models"]):
        model = config["models"][model_id]
        model.setdefault("proxy", "http://localhost:${PORT}")
        model["cmd"] = _without_comments(model["cmd"])
        for name, value in [*reversed(macros.items()), ("MODEL_ID", model_id)]:
            model = _filled(model, name, value)
        if "${PORT}" in model["cmd"]:
            model, port = _filled(model, "PORT", str(port)), port + 1
        config["models"][model_id] = model
    left = MACRO.search(str({**config, "models": [{**model, "cmdStop": ""} for model in config["models"].values()]}))
    assert left is None, left
    return config


def argv(cmd: str) -> list[str]:
    """The words of a command."""
    lines = [line for line in cmd.split("\n") if not line.strip().startswith("#")]
    joined = [line.strip().removesuffix("\\") + " " if line.strip().endswith("\\") else line for line in lines]
    return split("\n".join(joined))


def split(line: str) -> list[str]:
    """`shlex.Posix.Split` of billziss-gh/golib."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            following = next(characters, "")
            if following not in ("", "\n"):
                is_escape = not quote or following in '$`"\\'
                word = (word or "") + ("" if is_escape else "\\") + following
        elif quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "\"'":
            quote, word = character, word or ""
        elif character in " \t\n":
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + character
    return words if word is None else [*words, word]


def _without_comments(cmd: str) -> str:
    return "\n".join(line for line in cmd.split("\n") if not line.strip().startswith("#"))


def _filled(value: Any, name: str, by: str) -> Any:
    if isinstance(value, str):
        return value.replace(f"${{{name}}}", by)
    if isinstance(value, dict):
        return {key: _filled(item, name, by) for key, item in value.items()}
    return [_filled(item, name, by) for item in value] if isinstance(value, list) else value
