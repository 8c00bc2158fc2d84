"""How long `remuda sync` takes for 50 models over a repository of 2,000 commits, whole process; run by hand.

Targets: under 5 s when nothing has changed, whether upstream has moved on elsewhere or not. Also shown: the first sync,
and one after every recipe was moved and changed, for which the history is read. The repository is on this disk, so that
no network is in the figures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

MODELS = 50
COMMITS = 2_000

RECIPE = """\
services:
  vllm:
    image: vllm/vllm-openai:{image}
    volumes:
      - ${{MODEL_DIR:-../models-cache}}:/root/.cache/huggingface
      - ../patches/p{number}.py:/patches/p{number}.py:ro
    environment:
{environment}
    entrypoint:
      - /bin/bash
      - -c
      - |
        set -e
        python3 /patches/p{number}.py
        exec vllm serve "$$@"
      - --
    command: [--model, /root/.cache/huggingface/m, --max-model-len, "${{MAX_MODEL_LEN:-180000}}"]
"""
ENVIRONMENT = "\n".join(f"      - GENESIS_ENABLE_P{number}=${{P{number}:-1}}" for number in range(70))


def recipe(number: int, image: str) -> str:
    """A recipe of the length that published ones have."""
    return RECIPE.format(number=number, image=image, environment=ENVIRONMENT)


def stream() -> Iterator[str]:
    """The history as `git fast-import` reads it: recipes first, then changes to other files and to every recipe."""
    yield from _commit(0, {f"r/{n}.yml": recipe(n, "v1") for n in range(MODELS)} | _patches())
    for number in range(1, COMMITS):
        yield from _commit(number, {f"docs/{number % 300}.md": f"{number}\n" * 50})


def _patches() -> dict[str, str]:
    return {f"patches/p{number}.py": f"# {number}\n" for number in range(MODELS)}


def _commit(number: int, files: dict[str, str]) -> Iterator[str]:
    yield f"commit refs/heads/master\ncommitter me <me@here> {1_700_000_000 + number * 60} +0000\ndata 6\nchange\n"
    for path, text in files.items():
        yield f"M 644 inline {path}\ndata {len(text.encode())}\n{text}\n"


def move() -> Iterator[str]:
    """One commit that moves and changes every recipe."""
    yield "commit refs/heads/master\ncommitter me <me@here> 1800000000 +0000\ndata 4\nmove\nfrom refs/heads/master^0\n"
    for number in range(MODELS):
        text = recipe(number, "v2")
        yield f"D r/{number}.yml\nM 644 inline s/{number}.yml\ndata {len(text.encode())}\n{text}\n"


def imported(repository: Path, lines: Iterator[str]) -> None:
    """Commits that a stream tells."""
    argv = ["git", "-C", str(repository), "fast-import", "--quiet"]
    subprocess.run(argv, input="".join(lines).encode(), check=True)


def took_s(directory: Path, *words: str, expected: int = 0) -> float:
    """How long a sync takes, in seconds."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(directory / "cache")}
    argv = [sys.executable, "-m", "remuda", "sync", *words]
    start = time.perf_counter()
    code = subprocess.run(argv, cwd=directory, env=environment, stdout=subprocess.DEVNULL, check=False).returncode
    if code != expected:
        sys.exit(f"remuda sync ended with {code}, not {expected}")
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        repository = directory / "upstream"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=master", str(repository)], check=True)
        imported(repository, stream())
        models = "".join(f"  m-{n}: {{source: {{upstream: u, path: r/{n}.yml}}}}\n" for n in range(MODELS))
        (directory / "remuda.yaml").write_text(f"upstreams: {{u: {{git: {repository}}}}}\nmodels:\n{models}")
        rows = {"first sync": took_s(directory), "nothing changed": took_s(directory)}
        rows["nothing changed, --check"] = took_s(directory, "--check")
        imported(repository, (line.replace("r/", "other/") for line in _commit_elsewhere()))
        rows["moved on elsewhere"] = took_s(directory)
        imported(repository, move())
        rows["every recipe moved and changed"] = took_s(directory)
    for what, seconds in rows.items():
        print(f"{what:32} {seconds:6.2f} s")


def _commit_elsewhere() -> Iterator[str]:
    yield "commit refs/heads/master\ncommitter me <me@here> 1790000000 +0000\ndata 4\nelse\nfrom refs/heads/master^0\n"
    yield "M 644 inline r/x\ndata 2\nx\n\n"


if __name__ == "__main__":
    main()
