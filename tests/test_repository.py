"""What holds for the repository as a whole, beyond what ruff, mypy and import-linter look at."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import remuda
from remuda.plan.check import check

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "remuda"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPTS = [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]
EFFECTFUL_ROOMS = {"cli", "daemon", "edge", "web"}

TESTED_ELSEWHERE: Mapping[str, str] = {
    # Verbs, and what they and the daemon are made of, are tried as users meet them: as processes.
    "cli/background.py": "end_to_end/test_life.py",
    "cli/demo.py": "end_to_end/test_demo.py",
    "cli/deploying.py": "cli/test_apply.py",
    "cli/down.py": "end_to_end/test_life.py",
    "cli/foreground.py": "end_to_end/test_up.py",
    "cli/generations.py": "cli/test_apply.py",
    "cli/lease.py": "end_to_end/test_verbs.py",
    "cli/lend.py": "end_to_end/test_verbs.py",
    "cli/load.py": "end_to_end/test_up.py",
    "cli/logs.py": "end_to_end/test_demo.py",
    "cli/outlook.py": "cli/test_apply.py",
    "cli/reload.py": "end_to_end/test_clients.py",
    "cli/restart.py": "end_to_end/test_life.py",
    "cli/rollback.py": "cli/test_apply.py",
    "cli/running.py": "end_to_end/test_up.py",
    "cli/serve.py": "end_to_end/test_demo.py",
    "cli/unload.py": "end_to_end/test_up.py",
    "cli/up.py": "end_to_end/test_up.py",
    "cli/variants_file.py": "cli/test_variants.py",
    "cli/variants_report.py": "cli/test_variants.py",
    "daemon/attempt.py": "daemon/test_instances.py",
    "daemon/course.py": "daemon/test_instances.py",
    "daemon/daemon.py": "end_to_end/test_up.py",
    "daemon/job.py": "end_to_end/test_up.py",
    "daemon/planning.py": "daemon/test_reload.py",
    "daemon/rehearsal.py": "end_to_end/test_life.py",
    "daemon/upkeep.py": "daemon/test_instances.py",
    "edge/deploy/carrier.py": "edge/deploy/test_deployment.py",
    "edge/deploy/machine.py": "end_to_end/test_apply.py",
    "edge/process_table.py": "edge/test_process.py",
    # The two ends of one API.
    "daemon/status.py": "daemon/control/test_models.py",
    "edge/control_client.py": "daemon/control/test_models.py",
    # The steps of one machine.
    "residency/settling.py": "residency/test_residency.py",
    # Values that the sockets live by.
    "edge/http/limits.py": "edge/http/test_server.py",
    # The parts of a unit, which goldens show whole.
    "render/image.py": "render/quadlet/test_target.py",
    **dict.fromkeys(
        (
            f"render/quadlet/{name}.py"
            for name in ("account", "container", "host", "layout", "maker", "names", "objection")
        ),
        "render/quadlet/test_target.py",
    ),
    **dict.fromkeys(
        (f"render/nixos/{name}.py" for name in ("docker", "machine", "native", "rootless")),
        "render/nixos/test_target.py",
    ),
    "render/needs.py": "render/systemd/test_target.py",
    **dict.fromkeys(
        (
            f"render/systemd/{name}.py"
            for name in (
                "credential",
                "gateway",
                "hardening",
                "host",
                "native",
                "objection",
                "service_manager",
            )
        ),
        "render/systemd/test_target.py",
    ),
    # Values that pass between modules.
    "gateway/live.py": "gateway/test_own.py",
    "gateway/record.py": "edge/http/test_account.py",
    # The parts of one translation.
    **dict.fromkeys(
        (f"gateway/translate/responses_{name}.py" for name in ("chat", "output", "problems")),
        "gateway/translate/test_responses_reply.py",
    ),
    # One configuration after another, with what comes of it.
    **dict.fromkeys(
        (
            f"adapt/llama_swap/{name}.py"
            for name in ("capabilities", "files", "model", "names", "requests", "routes", "said", "tree", "unsaid")
        ),
        "adapt/llama_swap/test_adapter.py",
    ),
    # One table of tests asks the same of every engine.
    **dict.fromkeys(
        (f"engines/{name}.py" for name in ("command", "contract", "llama_cpp", "ollama", "sglang", "vllm")),
        "engines/test_engines.py",
    ),
}
"""Modules that have no test file of their own, and the one that tests them."""


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def shown(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def has_behaviour(module: Path) -> bool:
    """Whether it defines more than values and protocols: a function that does something, other than a constructor."""
    bodies = (function.body for function in functions(module) if function.name != "__init__")
    return any(not is_constant(statement) for body in bodies for statement in body)


def is_constant(statement: ast.stmt) -> bool:
    """A docstring, or the `...` of a protocol."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def own_test(module: str) -> Path:
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


def tracked() -> list[Path]:
    """Every file that is in the repository, or would be after `git add --all`."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to it is unknown")
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(git, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def block(language: str, section: str) -> str:
    """The first fenced block of a language in a section of the README."""
    page = (ROOT / "README.md").read_text()
    found = re.search(rf"^## {section}$.*?^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found, f"no block of {language} under `{section}`"
    return found[1]


def test_every_module_with_behaviour_has_a_test_file() -> None:
    wanting = {shown(module) for module in modules() if has_behaviour(module)} - TESTED_ELSEWHERE.keys()
    assert sorted(name for name in wanting if not own_test(name).exists()) == []


@pytest.mark.parametrize(("module", "test"), TESTED_ELSEWHERE.items())
def test_a_module_without_a_test_file_needs_the_exception(module: str, test: str) -> None:
    assert (SOURCE / module).exists()
    assert (ROOT / "tests" / test).exists()
    assert not own_test(module).exists()


def test_files_and_functions_are_small() -> None:
    assert [shown(module) for module in modules() if len(module.read_text().splitlines()) > 500] == []
    long = [
        f"{shown(module)}: {function.name}"
        for module in modules()
        for function in functions(module)
        if (function.end_lineno or 0) - function.lineno >= 60
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base"}
    assert [shown(module) for module in modules() if vague & {module.stem, module.parent.name}] == []


def test_imports_are_declared_as_dependencies() -> None:
    declared = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"]["embedded"]]
    names: set[str] = {canonicalize_name(Requirement(requirement).name) for requirement in declared}
    names.add("pydantic-core")  # the half of pydantic that its exceptions' types come from
    known = packages_distributions()
    imported = {top for module in modules() for top in imports(module)} - sys.stdlib_module_names - {"remuda"}
    assert {top for top in imported if names.isdisjoint(map(canonicalize_name, known[top]))} == set()


def imports(module: Path) -> Iterator[str]:
    """The top-level names that a module imports."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_layers_hold() -> None:
    lint_imports = Path(sysconfig.get_path("scripts")) / "lint-imports"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [str(lint_imports), "--no-cache", "--no-logo"]
    result = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_room_without_effects_is_held_pure() -> None:
    (pure,) = (contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"] if contract["id"] == "pure")
    rooms = {module.relative_to(SOURCE).parts[0].removesuffix(".py") for module in modules()}
    expected = rooms - EFFECTFUL_ROOMS - {"__init__", "__main__"}
    assert set(pure["source_modules"]) == {f"remuda.{room}" for room in expected}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("runtime", PYPROJECT["project"]["dependencies"]),
        ("embedded", PYPROJECT["project"]["optional-dependencies"]["embedded"]),
        ("embedded", PYPROJECT["dependency-groups"]["build"]),
        ("dev", PYPROJECT["dependency-groups"]["dev"]),
    ],
)
def test_pins_satisfy_what_is_declared(name: str, wanted: list[str]) -> None:
    pinned = pins(name)
    for requirement in map(Requirement, wanted):
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_each_requirements_file_holds_the_one_before() -> None:
    assert pins("runtime").items() <= pins("embedded").items() <= pins("dev").items()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_run_and_stop_at_an_error(script: Path) -> None:
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert text.startswith("#!/")
    assert "python" in text.splitlines()[0] or re.search(r"^set -eu", text, re.MULTILINE)


def test_the_readme_sets_up_with_two_commands() -> None:
    commands = [line.partition("#")[0].strip() for line in block("sh", "Set up").splitlines()]
    assert commands == ["scripts/demo", "scripts/test"]


def test_the_fleet_file_of_the_readme_has_no_problems() -> None:
    assert check(block("yaml", "Use"), "README.md").problems == ()


def test_links_lead_to_files() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_changelog_and_package_agree_on_the_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == remuda.__version__


def test_no_file_names_this_machine_or_an_index() -> None:
    private = re.compile("|".join(map(re.escape, sorted(private_names()))))
    index = re.compile(r"(?:index-url|find-links|trusted-host)[ =]+\S*[/.]")
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if private.search(line) or index.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []


def private_names() -> set[str]:
    """Where this checkout is, and where pip of this machine gets its packages from."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    configured = subprocess.run(pip, check=True, capture_output=True, text=True).stdout
    indexes = re.findall(r"\w+://(?!pypi\.org/)[^\s'\"]+", configured)
    return {str(ROOT), *indexes}
