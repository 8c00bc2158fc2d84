import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge.tiny_gguf import write_tiny_model
from tests.end_to_end.daemon_process import Home


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `range.gguf` and `sea.gguf`."""
    directory = tmp_path_factory.mktemp("models")
    for theme in ("range", "sea"):
        write_tiny_model(directory / f"{theme}.gguf", theme)
    return directory


@pytest.fixture
def home(tmp_path: Path, tiny_models: Path) -> Iterator[Home]:
    """A user's empty directories beside the tiny models; afterwards no engine of theirs runs any more."""
    for model in tiny_models.iterdir():
        shutil.copy(model, tmp_path)
    yield Home(tmp_path)
    assert left_behind(tmp_path) == []


def left_behind(directory: Path) -> list[str]:
    """Command lines of processes that still work in a test's directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(directory):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
