"""Reads a configuration as llama-swap does, as far as is needed to see which words a model is started with."""

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from remuda.quoting.llama_swap import MACRO, VARIABLE, filled, without_comments


def load(text: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with everything filled in; ports from 5800 on, in the order of model IDs."""
    text = VARIABLE.sub(lambda match: environment[match[1]].replace("\\", "\\\\").replace('"', '\\"'), text)
    config: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    macros = config.pop("macros", {})
    port = 5800
    for model_id in sorted(config["models"]):
        model = config["models"][model_id]
        model.setdefault("proxy", "http://localhost:${PORT}")
        model["cmd"] = without_comments(model["cmd"])
        model = filled(model, [("MODEL_ID", model_id), *macros.items()])
        if "${PORT}" in model["cmd"]:
            model, port = filled(model, [("PORT", port)]), port + 1
        config["models"][model_id] = model
    left = MACRO.search(str({**config, "models": [{**model, "cmdStop": ""} for model in config["models"].values()]}))
    assert left is None, left
    return config
