from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt import run_line
from remuda.adapt.container import ContainerRun
from remuda.adapt.run_line import Started, read, split_image
from remuda.errors import SpecError


def run(text: str) -> ContainerRun:
    started = read(text.split())
    assert started is not None
    return started.run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker run i", ContainerRun(image="i")),
        ("docker run -itd --rm -p80:81 -e A=1 -eB i -x", ContainerRun(
            image="i", ports=("80:81",), environment={"A": "1", "B": None}, argv=("-x",))),
        ("podman run --net=host --gpus all --shm-size=1g --ipc host i:v a b", ContainerRun(
            image="i", tag="v", network="host", gpus="all", shm_size="1g", ipc="host", argv=("a", "b"))),
        ("docker container run --name n -w /w -u 1 --env-file f -v a:/b --device d --entrypoint e -- i",
         ContainerRun(image="i", name="n", workdir="/w", user="1", environment_files=("f",), volumes=("a:/b",),
                      devices=("d",), entrypoint=("e",))),
        ("sudo -E docker --context x run --restart=always --init --entrypoint= docker.io/a/b:c@sha256:00",
         ContainerRun(image="docker.io/a/b", tag="c", digest="sha256:00", entrypoint=())),
        ("docker run --mount type=bind,src=/a,dst=/b,readonly --mount type=tmpfs,target=/t i", ContainerRun(
            image="i", volumes=("/a:/b:ro",),
            unknown=("`--mount=type=tmpfs,target=/t` is left out: `volumes` has no form for it",))),
        ("docker run --privileged --ulimit a=1 --runtime nvidia i", ContainerRun(
            image="i", unknown=("`--privileged` is left out: a model has no key for it",
                                "`--ulimit=a=1` is left out: a model has no key for it"))),
    ],
)  # fmt: skip
def test_a_line(text: str, expected: ContainerRun) -> None:
    assert run(text) == expected


@pytest.mark.parametrize("text", ["", "docker", "docker ps", "vllm serve m", "docker pull i", "sudo"])
def test_a_line_that_starts_no_container(text: str) -> None:
    assert read(text.split()) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("docker run", "expected an image"),
        ("docker run --rm", "expected an image"),
        ("docker run --new x i", "`--new` is no option"),
        ("docker run -Z i", "`-Z` is no option"),
        ("docker run -e", "expected a value after `--env`"),
    ],
)
def test_a_line_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read(text.split())


def test_which_program_it_is() -> None:
    assert read(["/usr/bin/podman", "run", "i"]) == Started("podman", ContainerRun(image="i"))


def test_a_registry_may_have_a_port() -> None:
    assert split_image("localhost:5000/a") == ("localhost:5000/a", None, None)
    assert split_image("localhost:5000/a:b") == ("localhost:5000/a", "b", None)


@pytest.mark.parametrize("program", ["docker", "podman"])
def test_every_option_of_the_program_that_is_here_is_known(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    shown = subprocess.run([program, "run", "--help"], capture_output=True, text=True, check=False, timeout=50).stdout
    options = re.findall(r"^\s+(?:-\w, )?--([a-z0-9-]+)( [^\s]+)?(?:  |$)", shown, re.MULTILINE)
    for name, value in options:
        if name != "help":
            known = run_line.WITH_VALUE if value else run_line.SWITCHES
            assert name in known, name


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)


@given(
    environment=st.dictionaries(st.sampled_from(["A", "B"]), WORDS),
    volumes=st.lists(st.sampled_from(["/a:/b", "c:/d:ro"]), max_size=2, unique=True),
    argv=st.lists(WORDS, max_size=3),
    is_joined=st.booleans(),
)
def test_what_is_written_is_read(
    environment: dict[str, str],
    volumes: list[str],
    argv: list[str],
    is_joined: bool,  # noqa: FBT001
) -> None:
    pairs = [*(("env", f"{key}={text}") for key, text in environment.items()), *(("volume", one) for one in volumes)]
    options = [word for key, text in pairs for word in ((f"--{key}={text}",) if is_joined else (f"--{key}", text))]
    started = read(["docker", "run", *options, "image", *argv])
    assert started
    assert started.run == ContainerRun(image="image", environment=environment, volumes=tuple(volumes), argv=tuple(argv))
