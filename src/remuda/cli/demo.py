"""`remuda demo`: two tiny models made on the spot, real engines, one address, no network.

There is room for only one of the two at a time, so asking for the other one shows a swap.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from remuda.cli import fleet_file

_HOST = "127.0.0.1"
_PORT = 8080
_THEMES = ("range", "sea")

_FLEET = """\
# Made by `remuda demo`. Room for only one of the two: asking for the other swaps them.
gateway: {{listen: "{listen}"}}
models:
  tiny-a: {{name: speaks of horses, engine: llama-cpp, devices: [cpu], model: ./range-{version}.gguf, memory: 64MiB}}
  tiny-b: {{name: speaks of the sea, engine: llama-cpp, devices: [cpu], model: ./sea-{version}.gguf, memory: 64MiB}}
residency: {{budget: {{cpu: 100MiB}}}}
lint: {{model_ids: "off"}}
"""

_GREETING = """
Two tiny models, made just now with random weights: they know words, but not what they mean.
There is memory for one of them; asking for the other swaps them. Try, in another terminal:

  curl {url}/v1/chat/completions -H 'content-type: application/json' -d '{{
    "model": "tiny-a", "max_tokens": 24, "messages": [{{"role": "user", "content": "Hello"}}]}}'

  curl -N {url}/v1/chat/completions -H 'content-type: application/json' -d '{{
    "model": "tiny-b", "max_tokens": 24, "messages": [{{"role": "user", "content": "Hello"}}], "stream": true}}'

  {remuda} ps

The fleet file is {file}. Ctrl-C ends the demo.
"""


@click.command("demo")
@click.option("--listen", metavar="HOST:PORT", help=f"Listen here; otherwise at {_HOST}:{_PORT}, or a free port.")
def command(listen: str | None) -> int:
    """Make two tiny models and serve both with a real engine, offline, until interrupted."""
    from remuda.cli.foreground import job_of, serve  # noqa: PLC0415
    from remuda.edge import ports  # noqa: PLC0415
    from remuda.edge.paths import cache_root, private_directory, write_private  # noqa: PLC0415
    from remuda.edge.tiny_gguf import VERSION, write_tiny_model  # noqa: PLC0415

    if listen is None:
        listen = f"{_HOST}:{_PORT if ports.is_free(_PORT, _HOST) else ports.free_port(_HOST)}"
    directory = cache_root() / "demo"
    private_directory(directory)
    for theme in _THEMES:
        if not (directory / f"{theme}-{VERSION}.gguf").exists():
            write_tiny_model(directory / f"{theme}-{VERSION}.gguf", theme)
    file = directory / f"{listen.rpartition(':')[2]}.yaml"
    write_private(file, _FLEET.format(listen=listen, version=VERSION))
    loaded = fleet_file.load(file)
    return serve(loaded, job_of(loaded), lambda url: _GREETING.format(url=url, remuda=_program(), file=file))


def _program() -> str:
    """What the user has to type for this program, from the folder that they are in."""
    program = Path(sys.argv[0])
    if program.name != "remuda":
        return f"{sys.executable} -m remuda"
    if shutil.which("remuda") == str(program):
        return "remuda"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)
