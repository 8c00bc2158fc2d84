"""Cases: a folder with `compose.yaml`, and with what comes of it as `fleet.json` and `remarks.txt`.

`environment.json` holds the variables of whoever runs it. With REMUDA_UPDATE_GOLDENS=1 the results are written, to be
read in the diff.
"""

import json
import os
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.compose.adapter import adapt, derive
from remuda.adapt.contract import Adapted, Source
from remuda.plan.check import load_fleet
from remuda.render.compose import target
from remuda.render.contract import Request
from remuda.spec.check import judge
from remuda.spec.document import load
from tests.adapt.compose.files import Files, source
from tests.adapt.rendered import fleets

HERE = Path(__file__).parent
CASES = sorted(file.parent for file in HERE.rglob("compose.yaml"))
MADE = ("fleet.json", "remarks.txt", "environment.json")
HOME = PurePosixPath("/srv/recipes")


def case_source(folder: Path) -> Source:
    root = HERE / folder.relative_to(HERE).parts[0]
    files = {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}
    environment = json.loads(files.get("environment.json", b"{}"))
    below = PurePosixPath(folder.relative_to(root))
    return Source(below / "compose.yaml", Files(files), HOME / below, {"HOME": "/home/me", **environment})


def shown(adapted: Adapted) -> dict[str, str]:
    remarks = "".join(
        f"{remark.file}:{remark.problem.position.line if remark.problem.position else 0}: "
        f"{remark.problem.severity}: {remark.problem.message}\n"
        for remark in adapted.remarks
    )
    notes = {".".join(map(str, path)): note for path, note in adapted.notes.items()}
    fleet = json.dumps({**adapted.data, "notes": notes} if notes else adapted.data, indent=2, ensure_ascii=False) + "\n"
    return {"fleet.json": fleet, "remarks.txt": remarks}


@pytest.mark.parametrize("folder", CASES, ids=[str(case.relative_to(HERE).parts[0]) for case in CASES])
def test_cases(folder: Path) -> None:
    adapted = adapt(case_source(folder))
    made, root = shown(adapted), HERE / folder.relative_to(HERE).parts[0]
    if os.environ.get("REMUDA_UPDATE_GOLDENS") == "1":
        for name, text in made.items():
            (root / name).write_text(text, encoding="utf-8")
    assert made == {name: (root / name).read_text(encoding="utf-8") for name in made}
    assert "planted" not in "".join(made.values())
    if not adapted.is_refused:
        _, problems = judge(load(json.dumps(adapted.data), "remuda.yaml"))
        assert [problem.message for problem in problems if problem.severity == "error"] == []


def test_only_what_is_asked_for_is_read() -> None:
    other = "image: 'vllm:1', command: '${NO?}'"
    text = f"services: {{a: {{image: 'x:1', entrypoint: [run], command: [me], ports: ['1']}}, b: {{{other}}}}}"
    adapted = adapt(replace(source(text), only=frozenset({"a"})))
    assert adapted.data["models"]["a"]["cmd"] == ["run", "me"]
    assert not adapted.is_refused
    refused = adapt(replace(source(text), only=frozenset({"a", "z"})))
    assert [remark.problem.message for remark in refused.remarks] == ["there is no service `z`"]


def test_services_without_engines_give_no_fleet() -> None:
    adapted = adapt(source("services: {web: {image: nginx}}"))
    assert adapted.is_refused
    assert [remark.problem.message for remark in adapted.remarks] == [
        "the service `web` is left out: it runs no engine that is known",
        "the file has no service that runs a known engine",
    ]


def test_services_of_one_name_stay_apart() -> None:
    service = "{image: 'vllm/vllm-openai:v1', command: [a/b, --served-model-name, one, two]}"
    adapted = adapt(source(f"services: {{x: {service}, one: {service}, y: {service}}}"))
    assert {name: model.get("aliases") for name, model in adapted.data["models"].items()} == {
        "one": ["two"],
        "one-2": None,
        "y": None,
    }


def test_services_that_wait_for_others_are_told_of() -> None:
    vllm = "image: 'vllm/vllm-openai:v1', command: a/b"
    waiting = f"b: {{{vllm}, depends_on: [a, db]}}, c: {{{vllm}, depends_on: {{db: }}}}"
    text = f"services: {{a: {{{vllm}}}, {waiting}, db: {{}}}}"
    assert [remark.problem.message for remark in adapt(source(text)).remarks][1:] == [
        "`b` waits for `db`, which is not taken over",
        "`c` waits for `db`, which is not taken over",
    ]


def test_a_service_is_derived_relative_to_the_root_of_the_files() -> None:
    folder = next(case for case in CASES if "recipe" in case.parts)
    derived = derive(case_source(folder), "vllm-qwen36-27b-long-text")
    assert derived.names == ("qwen3.6-27b", "qwen3.6-27b-autoround")
    assert "preload" not in derived.entry
    assert derived.entry["volumes"][2:] == [
        "./models/qwen3.6-27b/vllm/patches/local/tool_parser.py:/patches/tool_parser.py:ro",
        "./scripts/detect_nvlink.sh:/etc/recipes/detect_nvlink.sh:ro",
    ]
    assert derived.files == (
        PurePosixPath("models-cache"),
        PurePosixPath("models/qwen3.6-27b/vllm/cache/torch_compile"),
        PurePosixPath("models/qwen3.6-27b/vllm/patches/local/tool_parser.py"),
        PurePosixPath("scripts/detect_nvlink.sh"),
    )
    assert len(derived.remarks) == 2


def test_a_service_whose_mounts_leave_the_files_is_derived_with_a_remark() -> None:
    text = "services: {s: {image: 'vllm/vllm-openai:v1', command: a/b, volumes: ['../../x:/x', '/abs:/abs']}}"
    derived = derive(source(text), "s")
    assert derived.files == ()
    assert [remark.problem.message for remark in derived.remarks] == ["`../../x` is outside of the files that are read"]


def test_a_service_that_is_not_there_is_not_derived() -> None:
    derived = derive(source("services: {s: {image: x}}"), "t")
    assert (derived.entry, [remark.problem.message for remark in derived.remarks]) == ({}, ["there is no service `t`"])
    assert derive(source("- a"), "t").remarks[0].problem.severity == "error"


SERVICE = """  vllm-{number}:
    image: vllm/vllm-openai:${{TAG:-v0.25.0}}
    command: ["--model", "org/model-{number}", "--max-model-len", "${{CONTEXT:-4096}}", "--enable-prefix-caching"]
    environment:
      - HF_TOKEN=${{HF_TOKEN:-}}
      - OMP_NUM_THREADS=1
    ports: ["{port}:8000"]
    volumes:
      - ../../cache:/root/.cache/huggingface
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: all
              capabilities: [gpu]
    shm_size: 16gb
    ipc: host
"""


def test_five_hundred_services_are_read_in_two_seconds() -> None:
    text = "services:\n" + "".join(SERVICE.format(number=number, port=9000 + number) for number in range(500))
    began = time.process_time()
    assert len(adapt(source(text)).data["models"]) == 500
    assert time.process_time() - began < 2


VLLM = "image: 'vllm/vllm-openai:v1'"


def chain(line: str, length: int) -> str:
    """Lines that each name the one before by `{before}`."""
    return "".join(line.format(name=f"b{n}", before=f"b{n - 1}" if n else "a") for n in range(length))


BOMBS: dict[str, str | bytes] = {
    "aliases": "a: &a [x,x]\n" + chain("{name}: &{name} [" + "*{before}," * 10 + "]\n", 30),
    "merges": "a: &a {x: 1}\n" + chain("{name}: &{name} {{<<: [*{before}, *a]}}\n", 5000),
    "depth": "services: " + "[" * 5000,
    "values": "services: [" + "x," * 200_000 + "]",
    "long text": f"services: {{a: {{{VLLM}, command: '{'a ' * 200_000}'}}}}",
    "interpolation": "services: {a: {image: '" + "${A:-" * 20_000 + "x" + "}" * 20_000 + "'}}",
    "many variables": "services: {a: {image: '" + "${A:-b}" * 50_000 + "'}}",
    "extends": "services:\n  a: {image: x}\n" + chain(f"  {{name}}: {{{{{VLLM}, extends: {{before}}}}}}\n", 1500),
    "many services": "services:\n" + chain("  {name}: {{image: x}}\n", 10_000),
    "variables of many": "services:\n" + chain(f"  {{name}}: {{{{{VLLM}, command: a/b, env_file: e.env}}}}\n", 2000),
    "quotes": f"services: {{a: {{{VLLM}, command: '{chr(92) * 100_000}" + '"' * 99_999 + "'}}",
    "script": f"services: {{a: {{{VLLM}, entrypoint: [sh, -c, '{'$(( ' * 20_000}']}}}}",
    "files": f"services: {{a: {{{VLLM}, command: a/b, env_file: [{'e.env,./e.env,' * 10_000}]}}}}",
    "many files": f"services: {{a: {{{VLLM}, command: a/b, env_file: [{','.join(map(str, range(20_000)))}]}}}}",
    "utf-16": "services: {}".encode("utf-16"),
    "binary": b"\0\x7fELF",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_hostile_files_end_within_two_seconds(bomb: str) -> None:
    began = time.process_time()
    adapted = adapt(source(BOMBS[bomb], e_dot_env="A='1'\n" * 1000))
    assert time.process_time() - began < 2
    assert adapted.data or adapted.is_refused


KEYS = ["image", "command", "entrypoint", "environment", "env_file", "volumes", "ports", "gpus", "devices", "deploy"]
KEYS += ["extends", "healthcheck", "shm_size", "mem_limit", "cpus", "secrets", "configs", "container_name", "odd"]
WORDS = ["vllm/vllm-openai:v1", "vllm", "serve", "a/b", "--port", "8000", "$A", "${", "${B:-c}", "./x:/y", "8000:8000"]
WORDS += [
    "a",
    "x=1",
    "",
    " ",
    "\0",
    "'",
    "all",
    "1g",
    "-",
    "sh",
    "-c",
    "exec vllm serve a/b",
    "NaN",
    "\n",
    "http://x/h",
]
SCALARS = st.one_of(st.sampled_from(WORDS), st.integers(), st.floats(), st.booleans(), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS + WORDS), inner, max_size=4),
)
SERVICE_KEYS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)
SERVICES = st.dictionaries(st.sampled_from(["a", "b", "c"]), SERVICE_KEYS)


@given(SERVICES, st.sampled_from(["", "A=1\n", "A='"]))
def test_any_file_ends_in_a_fleet_or_in_remarks_with_places(services: object, dot_env: str) -> None:
    adapted = adapt(source(json.dumps({"services": services}), {"HOME": "/h"}, _dot_env=dot_env, x=""))
    assert adapted.data or adapted.is_refused
    assert all(remark.problem.message for remark in adapted.remarks)
    if not adapted.is_refused:
        fleet, problems = judge(load(json.dumps(adapted.data), "remuda.yaml"))
        assert [problem for problem in problems if problem.severity == "error"] == []
        assert fleet is not None


@given(fleets("docker"))
def test_a_rendered_fleet_comes_back(fleet: dict[str, object]) -> None:
    loaded, _, _ = load_fleet(json.dumps(fleet).encode(), "remuda.yaml")
    rendering = target.render(Request(loaded))
    assert not rendering.is_refused, rendering.problems
    adapted = adapt(source(rendering.files[target.FILE]))
    assert not adapted.is_refused, adapted.remarks
    imported, _, _ = load_fleet(json.dumps(adapted.data).encode(), "remuda.yaml")
    assert imported == loaded
