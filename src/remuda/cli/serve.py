"""`remuda serve MODEL`: one model without writing a fleet file.

A fleet file is written all the same, into the cache, and the model is served from it: so the two ways can never behave
differently, and the file is there to be copied when more is wanted.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from remuda.cli import fleet_file
from remuda.errors import SpecError

_GREETING = """
  curl {url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'

The fleet file is {file}.
"""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(:[\w.-]+)?")


@click.command("serve")
@click.argument("model")
@click.option("--engine", help="Engine; otherwise llama-cpp for GGUF and vllm for the rest.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A flag of the engine; may be given again.")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Listen here.")
def command(model: str, engine: str | None, settings: tuple[str, ...], listen: str) -> int:
    """Serve MODEL (a GGUF file, a folder of safetensors, or a hub ID) until interrupted."""
    from remuda.cli.foreground import job_of, serve  # noqa: PLC0415
    from remuda.edge.paths import cache_root, private_directory, write_private  # noqa: PLC0415

    weights, guessed = _weights(model)
    model_id = _model_id(model)
    entry = {"engine": engine or guessed, "model": weights, "settings": dict(map(_setting, settings))}
    fleet = {"gateway": {"listen": listen}, "models": {model_id: entry}, "lint": {"model_ids": "off"}}
    directory = cache_root() / "serve"
    private_directory(directory)
    file = directory / f"{model_id}-{listen.rpartition(':')[2]}.yaml"
    write_private(file, json.dumps(fleet, indent=2) + "\n")
    loaded = fleet_file.load(file)
    return serve(loaded, job_of(loaded), lambda url: _GREETING.format(url=url, model=model_id, file=file))


def _weights(model: str) -> tuple[str, str]:
    """What the engine is given, and the engine that can read it; raises SpecError."""
    path = Path(model).expanduser()
    if path.is_dir():
        return str(path.resolve()), "vllm"
    if path.is_file():
        if path.suffix != ".gguf":
            message = f"cannot serve `{model}`: expected a .gguf file or a folder of safetensors"
            raise SpecError(message, hint="name the folder that holds `config.json`")
        return str(path.resolve()), "llama-cpp"
    if not _HUB_ID.fullmatch(model) or path.suffix == ".gguf":
        raise SpecError(f"cannot serve `{model}`: there is no such file or folder", hint="check the path")
    return model, "llama-cpp" if "gguf" in model.lower() else "vllm"


def _model_id(model: str) -> str:
    """A short model ID: the name of the file, folder or repository."""
    name = Path(model.rstrip("/")).name.removesuffix(".gguf").lower()
    return re.sub(r"[^a-z0-9.-]+", "-", name).strip("-.") or "model"


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        return key, True
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
