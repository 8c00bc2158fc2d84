import hashlib
import json
from collections.abc import Mapping

import pytest

from remuda.adapt.sync.recipe import Asked, Recipe, recipe
from tests.adapt.sync.tree import TreeInMemory

SERVICE = """\
services:
  one:
    image: vllm/vllm-openai:v1
    container_name: one
    ports: ["8020:8000"]
    volumes: %s
    environment: ["A=${A:-a}", "TOKEN=$$x"]
    command: [--model, %s, --max-model-len, "5"]
"""


def made(volumes: str = "", model: str = "org/m", files: Mapping[str, bytes] | None = None, **asked: object) -> Recipe:
    text = (SERVICE % (json.dumps(volumes.split()), model)).encode()
    tree = TreeInMemory({"a/b/c.yml": text, **(files or {})}, frozenset({"link"}))
    return recipe(tree, Asked(**{"upstream": "u", "path": "a/b/c.yml", **asked}))  # type: ignore[arg-type]


def test_an_entry_without_names_and_ports_of_its_own() -> None:
    found = made(variables={"A": "mine"})
    assert found.problems == ()
    assert found.derived == {
        "engine": "vllm",
        "runtime": "docker",
        "image": "vllm/vllm-openai",
        "tag": "v1",
        "model": "org/m",
        "settings": {"max-model-len": 5},
        "environment": {"A": "mine", "TOKEN": "$x"},
    }
    assert found.digest == hashlib.sha256((SERVICE % ("[]", "org/m")).encode()).hexdigest()


def test_files_and_directories_are_brought_under_the_hash_of_their_content() -> None:
    files = {"p/x.py": b"1", "p/d/y": b"2", "p/d/e/z": b"3"}
    found = made("../../p/x.py:/x.py:ro ../../p/d:/d ../../none/cache:/c /abs:/abs named:/n", files=files)
    folder = f"remuda.upstream/u/{hashlib.sha256(b'1').hexdigest()[:16]}"
    first, second, *others = found.derived["volumes"]
    assert first == f"./{folder}/x.py:/x.py:ro"
    assert second.startswith("./remuda.upstream/u/")
    assert second.endswith("/d:/d")
    assert others == ["./remuda.upstream/u/made/none/cache:/c", "/abs:/abs", "named:/n"]
    inside = second.removeprefix("./").removesuffix(":/d")
    assert found.files == {f"{folder}/x.py": b"1", f"{inside}/y": b"2", f"{inside}/e/z": b"3"}
    assert found.hashes[f"{folder}/x.py"] == hashlib.sha256(b"1").hexdigest()
    assert found.directories == ("remuda.upstream/u/made/none/cache",)
    other = made("../../p/d:/d", files={**files, "p/d/y": b"new"})
    assert other.derived["volumes"] != [second]


def test_weights_below_a_directory_that_is_made() -> None:
    found = made("${MODELS:-../../../a/models}:/m", model="/m/qwen")
    assert found.problems != ()
    found = made("${MODELS:-../../models}:/m", model="/m/qwen")
    assert found.derived["model"] == "./remuda.upstream/u/made/models/qwen"
    assert found.directories == ("remuda.upstream/u/made/models",)
    assert made("${MODELS}:/m", model="/m/qwen", variables={"MODELS": "/srv"}).derived["model"] == "/srv/qwen"


def test_what_is_mounted_read_only_and_missing_is_said() -> None:
    *_, said = made("../../patches/x.py:/x.py:ro").unknowns
    assert said == "`patches/x.py` is mounted, and not in the repository: an empty directory stands for it"


@pytest.mark.parametrize(
    ("volumes", "message"),
    [
        ("../../../x:/x", "`../x` is outside of the repository, or no path that can be mounted"),
        ("../../link:/x", "`link` is a symbolic link, which is not followed"),
        ("../../.git/hooks:/x", "`.git/hooks` is outside of the repository, or no path that can be mounted"),
        ("../../many:/x", "`many` has 2001 files: at most 2000 are brought along"),
        ("../../big:/x", "`big/7` is too much: at most 64 MiB are brought along"),
    ],
)
def test_mounts_that_are_refused(volumes: str, message: str) -> None:
    files = {f"many/{number}": b"" for number in range(2001)} | {f"big/{n}": bytes(9 * 2**20) for n in range(8)}
    found = made(volumes, files=files)
    assert [remark.problem.message for remark in found.problems] == [message]


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("none", b"", "the recipe `none` is no file that can be read"),
        ("link", b"", "the recipe `link` is a symbolic link"),
        ("r", b"services: {a: {image: x}, b: {image: y}}", "the recipe `r` has several services"),
        ("r", b"services: {a: {image: nginx}}", "what the image `nginx` runs is not known, so that it is left out"),
    ],
)
def test_recipes_that_give_nothing(path: str, content: bytes, message: str) -> None:
    found = made(files={"r": content}, path=path)
    assert found.derived == {}
    (said,) = (remark.problem for remark in found.problems)
    assert (said.message, said.severity) == (message, "error")
