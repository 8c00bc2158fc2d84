import re
from pathlib import Path, PurePosixPath

import pytest

from remuda.plan.check import check, load_fleet
from remuda.render.compose.target import FILE, render
from remuda.render.contract import Request
from remuda.spec.reference import Reference
from remuda.spec.reference import parse as parse_references
from tests.render import golden
from tests.render.compose.programs import as_docker_reads, as_podman_reads

HERE = Path(__file__).parent
CASES = golden.cases("compose")
ACCEPTED = [HERE / case for case in CASES if (HERE / case / "expected").exists()]
VARIABLES = {"OP_KEY": "op", "KEY": "key", "FOO": "foo"}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    golden.check("compose", case)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_docker_compose_accepts_it(case: Path) -> None:
    read = as_docker_reads(case / "expected" / "compose.yaml", VARIABLES)
    assert "remuda-gateway" in read["services"]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_podman_compose_accepts_it(case: Path) -> None:
    assert "remuda-gateway" in as_podman_reads(case / "expected" / "compose.yaml", VARIABLES)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_the_fleet_of_the_gateway_is_one_without_mistakes(case: Path) -> None:
    """And its service sets exactly the variables, and sees exactly the secrets, that this file reads."""
    text = (case / "expected" / "gateway.yaml").read_text()
    checked = check(text, "gateway.yaml")
    assert checked.problems == ()
    found = re.findall(r"\$\{(?:env|file):[^}]*\}", text)
    references = [part for word in found for part in parse_references(word) if isinstance(part, Reference)]
    service = as_docker_reads(case / "expected" / "compose.yaml", VARIABLES)["services"]["remuda-gateway"]
    assert {each.name for each in references if each.kind == "env"} == (service.get("environment") or {}).keys()
    mounted = {secret["target"] for secret in service.get("secrets", ())}
    assert {each.name for each in references if each.kind == "file"} == mounted


def test_services_that_share_a_gpu_start_one_after_the_other_by_their_ports() -> None:
    text = "engines: {vllm: {image: i, tag: t}}\nmodels:\n" + "".join(
        f"  {name}: {{engine: vllm, model: x/y, runtime: podman, port: {port}, devices: [{device}]}}\n"
        for name, port, device in [("a", 3, "cuda0"), ("b", 2, '"cuda:all"'), ("c", 1, "cuda1"), ("d", 4, "rocm0")]
    )
    waited_for = re.compile(r"      (\w+):\n        condition: service_healthy")
    waits = {name: waited_for.findall(block) for name, block in services(text).items()}
    assert waits == {"remuda-gateway": [], "a": ["b"], "b": ["c"], "c": [], "d": []}


def test_some_models_of_a_fleet_with_routes_to_all() -> None:
    fleet, _, _ = load_fleet((HERE / "everything" / "remuda.yaml").read_text(), "remuda.yaml")
    files = render(Request(fleet, only=frozenset({"tiny"}))).files
    assert "chat:" not in files[FILE]
    assert check(files[PurePosixPath("gateway.yaml")], "gateway.yaml").problems == ()


def services(text: str) -> dict[str, str]:
    """The block of each service."""
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    compose = render(Request(fleet)).files[FILE]
    return {block.partition(":")[0]: block for block in re.split(r"\n  (?=[\w-]+:\n    image)", compose)[1:]}


def test_a_change_of_one_model_changes_its_service_only() -> None:
    text = (HERE / "seed-002" / "remuda.yaml").read_text()
    before, after = services(text), services(text.replace("max-model-len: 32768", "max-model-len: 16384"))
    assert before == services(text)
    assert {name for name in before if before[name] != after[name]} == {"orchestrator"}
