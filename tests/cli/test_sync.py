"""`remuda sync` over a real repository whose history has the shape of the one that seed 000 follows.

What is expected after each commit is computed here from the table below, and from nothing that the program does.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from remuda.cli.main import run
from remuda.edge.lock_file import read
from remuda.edge.upstreams import locked
from remuda.plan.check import load_fleet
from remuda.plan.serving import serving
from remuda.spec.merge import Effective, effective
from tests.edge.upstream_repository import UpstreamRepository

MODEL = "qwen3.6-27b-vllm-180k-cuda0"
ROOT = "models/qwen3.6-27b/vllm"
FLEET = f"""\
# the herd
upstreams:
  club: {{git: club}}   # a clone beside this file
models:
  {MODEL}:
    source:
      upstream: club
      path: {ROOT}/compose/docker-compose.long-text.yml  # followed
      variables: {{MODEL_DIR: /srv/models}}
    runtime: podman
    devices: [cuda0]
    environment: {{CUDA_VISIBLE_DEVICES: "0", CUDA_DEVICE_ORDER: PCI_BUS_ID}}
    volumes: ["/etc/llm/patch_timings.py:/patches/patch_timings.py:ro"]
    steps: [python3 /patches/patch_timings.py]
    settings: {{max-model-len: 150000}}
"""
OWN_ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


@dataclass(frozen=True)
class State:
    """What the recipe says at one commit; `depth` counts the directories between it and `ROOT`."""

    path: str = "compose/docker-compose.long-text.yml"
    image: str = "07351e08"
    context: int = 205000
    utilization: float = 0.98
    environment: Mapping[str, str] = field(default_factory=lambda: variables(1, 18))
    sidecars: tuple[str, ...] = ()
    content: str = "1"
    has_variables: bool = False
    note: str = ""

    @property
    def depth(self) -> int:
        return self.path.count("/")

    @property
    def full_path(self) -> str:
        return f"{ROOT}/{self.path}"


def variables(first: int, last: int) -> dict[str, str]:
    return {f"GENESIS_ENABLE_P{number}": "1" for number in range(first, last + 1)}


def without(environment: Mapping[str, str], *numbers: int) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name not in [f"GENESIS_ENABLE_P{n}" for n in numbers]}


def history() -> list[tuple[str, str, State]]:
    """Date, subject and state of each commit."""
    states = [("2026-04-28", "Publish recipes", State())]

    def then(date: str, subject: str, **changed: Any) -> None:
        states.append((date, subject, replace(states[-1][2], **changed)))

    then("2026-04-29", "Switch P17 and P18 off", environment=variables(1, 16))
    then("2026-04-30", "Add sidecar PN12", sidecars=("pn12",))
    then("2026-04-30", "Add the clamp of FA", sidecars=("pn12", "fa_clamp"))
    then("2026-04-30", "Retune", context=218000, utilization=0.985, environment=variables(1, 21))
    then("2026-05-01", "Retune down", context=130000, utilization=0.95, environment=variables(1, 23))
    then("2026-05-01", "Retune up", context=185000, utilization=0.975)
    then("2026-05-01", "Migrate", image="7a1eb8ac", context=214000, utilization=0.985, environment=variables(1, 64))
    then("2026-05-01", "Settle", context=180000, utilization=0.95, environment=variables(1, 65))
    then("2026-05-02", "Lower", utilization=0.93, environment=variables(1, 71))
    then("2026-05-03", "Drop P65 and P70", environment=without(variables(1, 71), 65, 70))
    then("2026-05-05", "Uplift", image="01d4d1ad", sidecars=("pn12",), environment=variables(1, 71))
    then("2026-05-06", "Say literals by variables", has_variables=True)
    then("2026-05-07", "Add a parser", sidecars=("pn12", "tool_parser"))
    then("2026-05-08", "Comment only", note="# measured again")
    then("2026-05-09", "Sort by topology", path="compose/single/long-text.yml")
    then("2026-05-11", "Bump", image="1acd67a7", environment=variables(1, 73))
    then("2026-05-12", "Mend the parser", content="2")
    then("2026-05-13", "Meet the local limit", context=150000)
    then("2026-05-14", "Use latest", image="latest")
    then("2026-05-14", "Revert", image="1acd67a7", context=180000)
    then("2026-05-26", "Sort by quant", path="compose/single/autoround-int4/long-text.yml")
    then(
        "2026-06-05",
        "Archive",
        path="compose/_archive/single/autoround-int4/long-text.yml",
        environment=variables(1, 76),
    )
    return states


def recipe(state: State) -> str:
    up = "../" * state.depth
    limit: dict[str, object] = {"ctx": state.context, "util": state.utilization}
    if state.has_variables:
        limit = {
            "ctx": f'"${{MAX_MODEL_LEN:-{state.context}}}"',
            "util": f'"${{GPU_UTIL:-${{U:-{state.utilization}}}}}"',
        }
    lines = [
        "# A recipe.",
        state.note or "# measured",
        "services:",
        "  vllm-long-text:",
        f"    image: vllm/vllm-openai:nightly-{state.image}",
        "    container_name: long-text",
        '    ports: ["${BIND_HOST:-0.0.0.0}:${PORT:-8020}:8000"]',
        "    volumes:",
        f"      - ${{MODEL_DIR:-{up}../../../models-cache}}:/root/.cache/huggingface",
        f"      - {up}cache/triton:/root/.triton/cache",
        *(f"      - {up}patches/{name}.py:/patches/{name}.py:ro" for name in state.sidecars),
        "    environment:",
        *(f"      - {name}={text}" for name, text in state.environment.items()),
        "    shm_size: 16gb",
        "    ipc: host",
        "    entrypoint:",
        "      - /bin/bash",
        "      - -c",
        "      - |",
        "        set -e",
        "        pip install xxhash -q",
        *(f"        python3 /patches/{name}.py" for name in state.sidecars),
        '        exec vllm serve "$$@"',
        "      - --",
        "    command:",
        "      - --model",
        "      - /root/.cache/huggingface/qwen",
        "      - --max-model-len",
        f"      - {limit['ctx']}",
        "      - --gpu-memory-utilization",
        f"      - {limit['util']}",
        "    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: all, capabilities: [gpu]}]}}}",
    ]
    return "\n".join(lines) + "\n"


def commit(upstream: UpstreamRepository, before: State | None, state: State, date: str, subject: str) -> str:
    if before and before.path != state.path:
        upstream.move(before.full_path, state.full_path)
    patches = {f"{ROOT}/patches/{name}.py": f"# {name} {state.content}\n" for name in state.sidecars}
    gone: dict[str, None] = {}
    if before:
        gone = {f"{ROOT}/patches/{name}.py": None for name in before.sidecars if name not in state.sidecars}
    return upstream.commit({state.full_path: recipe(state), **patches, **gone}, subject, date)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "remuda.yaml").write_text(FLEET)
    return tmp_path


def loaded(home: Path) -> Effective:
    path = home / "remuda.yaml"
    return effective(load_fleet(path.read_bytes(), str(path), read(path))[0], MODEL)


def reported(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (told,) = json.loads(capsys.readouterr().out)["models"]
    return told  # type: ignore[no-any-return]


def names(changes: list[dict[str, Any]], *kinds: str) -> set[str]:
    return {change["name"] for change in changes if change["kind"] in kinds}


def expect_result(model: Effective, state: State, home: Path) -> None:
    assert model.image == f"vllm/vllm-openai:nightly-{state.image}"
    assert model.environment == {**state.environment, **OWN_ENVIRONMENT}
    assert model.settings == {"max-model-len": 150000, "gpu-memory-utilization": state.utilization}
    assert model.entry.steps == (
        "pip install xxhash -q",
        *(f"python3 /patches/{name}.py" for name in state.sidecars),
        "python3 /patches/patch_timings.py",
    )
    mounted = {volume.split(":")[1]: Path(volume.split(":")[0]) for volume in model.entry.volumes}
    assert mounted.keys() == {
        *("/root/.cache/huggingface", "/root/.triton/cache", "/patches/patch_timings.py"),
        *(f"/patches/{name}.py" for name in state.sidecars),
    }
    for name in state.sidecars:
        place = mounted[f"/patches/{name}.py"]
        assert place.read_text() == f"# {name} {state.content}\n"
        assert place.stat().st_mode & 0o777 == 0o644
        assert place.is_relative_to(home)
    assert mounted["/root/.cache/huggingface"] == Path("/srv/models")
    assert mounted["/root/.triton/cache"].is_dir()
    assert (model.runtime, model.devices, model.entry.model) == ("podman", ("cuda0",), "/srv/models/qwen")
    assert (model.entry.port, model.entry.unit) == (None, None)
    brought = {path.name for path in (home / "remuda.upstream/club").rglob("*.py")}
    assert brought == {f"{name}.py" for name in state.sidecars}


def expect_report(told: dict[str, Any], before: State, state: State) -> None:
    changed = told["changes"]
    assert names(changed, "image") == ({"image"} if before.image != state.image else set())
    limits = {
        "max-model-len": before.context != state.context,
        "gpu-memory-utilization": before.utilization != state.utilization,
    }
    assert names(changed, "limits") == {name for name, is_changed in limits.items() if is_changed}
    assert names(changed, "environment") == before.environment.keys() ^ state.environment.keys()
    patches = set(before.sidecars) ^ set(state.sidecars)
    if before.content != state.content:
        patches |= set(state.sidecars)
    assert names(changed, "patches") == {f"/patches/{name}.py" for name in patches}
    assert names(changed, "steps") == {
        f"python3 /patches/{name}.py" for name in set(before.sidecars) ^ set(state.sidecars)
    }
    assert names(changed, "flags", "volumes", "keys") == set()


def test_the_history_of_a_recipe(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = UpstreamRepository(home / "club")
    before: State | None = None
    for date, subject, state in history():
        head = commit(upstream, before, state, date, subject)
        assert run(["sync", "--check", "--json"]) == (3 if differs(before, state) else 0), subject
        told = reported(capsys)
        is_conflict = before is not None and state.context not in (before.context, 150000)
        assert names(told["conflicts"], "limits") == ({"max-model-len"} if is_conflict else set()), subject
        assert names(told["redundant"], "limits") == ({"max-model-len"} if state.context == 150000 else set())
        if is_conflict:
            assert before is not None
            (conflict,) = told["conflicts"]
            assert (conflict["before"], conflict["after"], conflict["own"]) == (before.context, state.context, 150000)
            kept = (home / "remuda.lock").read_bytes(), (home / "remuda.yaml").read_bytes()
            assert run(["sync"]) == 3
            assert kept == ((home / "remuda.lock").read_bytes(), (home / "remuda.yaml").read_bytes())
        assert run(["sync", *["--keep"] * is_conflict]) == 0
        expect_result(loaded(home), state, home)
        if before is not None:
            expect_report(told, before, state)
            moves = [move["path"] for move in told["moves"]]
            assert moves == ([state.full_path] if before.path != state.path else [])
            if recipe(before) != recipe(state) or moves:
                assert [(one["commit"], one["subject"]) for one in told["commits"]][-1:] == [(head, subject)]
        assert (home / "remuda.yaml").read_text() == FLEET.replace(
            f"{ROOT}/compose/docker-compose.long-text.yml", state.full_path
        )
        capsys.readouterr()
        kept = (home / "remuda.lock").read_bytes(), (home / "remuda.yaml").read_bytes()
        assert run(["sync"]) == 0
        assert run(["sync", "--check"]) == 0
        assert kept == ((home / "remuda.lock").read_bytes(), (home / "remuda.yaml").read_bytes())
        capsys.readouterr()
        before = state


def differs(before: State | None, state: State) -> bool:
    """Whether there is something to take over; a mend of a file that is mounted nowhere is nothing."""
    return (
        before is None or recipe(before) != recipe(state) or (before.content != state.content and bool(state.sidecars))
    )


def test_many_commits_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = UpstreamRepository(home / "club")
    states = history()
    commit(upstream, None, states[0][2], *states[0][:2])
    assert run(["sync"]) == 0
    for (_, _, before), (date, subject, state) in itertools.pairwise(states):
        commit(upstream, before, state, date, subject)
    upstream.commit({"other": "x"}, "Something else", "2026-07-01")
    capsys.readouterr()
    assert run(["sync", "--check"]) == 3
    out = capsys.readouterr().out
    for line in (
        "the recipe was moved to `models/qwen3.6-27b/vllm/compose/single/long-text.yml` by ",
        "the recipe was archived as `models/qwen3.6-27b/vllm/compose/_archive/single/autoround-int4/long-text.yml` by ",
        "upstream commits that touched it: 21",
        "conflict: limits max-model-len: it was `205000`, upstream is now `180000`, the model has `150000`",
        "~ image: `vllm/vllm-openai:nightly-07351e08` → `vllm/vllm-openai:nightly-1acd67a7`",
    ):
        assert line in out
    assert run(["sync", "--keep"]) == 0
    expect_result(loaded(home), states[-1][2], home)


def test_a_block_that_was_copied_by_hand(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The drift that was measured for real: upstream has four variables, a flag and a sidecar more, local has three."""
    shared = variables(1, 69)
    state = State(
        image="1acd67a7",
        context=180000,
        utilization=0.93,
        environment={**shared, "P40": "0", "PN54": "0", "HUB_ENDPOINT": "h", "TRITON_CACHE_DIR": "/t"},
        sidecars=("tool_parser",),
    )
    text = recipe(state).replace(
        "    deploy:", "      - --default-chat-template-kwargs\n      - '{\"a\": false}'\n    deploy:"
    )
    UpstreamRepository(home / "club").commit({state.full_path: text, f"{ROOT}/patches/tool_parser.py": "#\n"})
    fleet = {
        "upstreams": {"club": {"git": "club"}},
        "models": {
            MODEL: {
                "source": {"upstream": "club", "path": state.full_path, "variables": {"MODEL_DIR": "/srv/models"}},
                "engine": "vllm",
                "runtime": "docker",
                "image": "vllm/vllm-openai",
                "tag": "nightly-1acd67a7",
                "model": "/srv/models/qwen",
                "devices": ["cuda:all"],
                "shm_size": "16GiB",
                "volumes": ["/srv/models:/root/.cache/huggingface", "/srv/triton:/root/.triton/cache"],
                "steps": ["pip install xxhash -q"],
                "settings": {"max-model-len": 180000, "gpu-memory-utilization": 0.93},
                "environment": {**shared, **OWN_ENVIRONMENT, "PN31": "1"},
            }
        },
    }
    (home / "remuda.yaml").write_text(json.dumps(fleet))
    assert run(["sync", "--check", "--json"]) == 3
    told = reported(capsys)
    assert names(told["only_upstream"], "environment") == {"P40", "PN54", "HUB_ENDPOINT", "TRITON_CACHE_DIR"}
    assert names(told["only_upstream"], "flags") == {"default-chat-template-kwargs"}
    assert names(told["only_upstream"], "patches") == {"/patches/tool_parser.py"}
    assert names(told["only_upstream"], "steps") == {"python3 /patches/tool_parser.py"}
    assert len(told["only_upstream"]) == 7
    assert names(told["only_here"], "environment") == {*OWN_ENVIRONMENT, "PN31"}
    assert len(told["only_here"]) == 3
    assert told["different"] == []
    assert len(names(told["redundant"], "environment")) == 69
    assert not (home / "remuda.lock").exists()
    assert not (home / "remuda.upstream").exists()


def test_a_recipe_that_is_deleted_stays_as_it_is_locked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = UpstreamRepository(home / "club")
    state = State()
    commit(upstream, None, state, "2026-05-01", "Publish")
    assert run(["sync"]) == 0
    kept = (home / "remuda.lock").read_bytes()
    upstream.commit({state.full_path: None}, "Give up", "2026-05-02")
    capsys.readouterr()
    assert run(["sync", "--check"]) == 3
    out = capsys.readouterr().out
    assert "the recipe is gone upstream; what is locked stays" in out
    assert "the recipe was deleted by " in out
    assert "2026-05-02 Give up" in out
    assert run(["sync"]) == 0
    assert (home / "remuda.lock").read_bytes() == kept
    expect_result(loaded(home), state, home)


def test_an_edited_lock_is_noticed_and_mended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(UpstreamRepository(home / "club"), None, State(), "2026-05-01", "Publish")
    assert run(["sync"]) == 0
    lock = home / "remuda.lock"
    kept = lock.read_text()
    lock.write_text(kept.replace("07351e08", "evil"))
    assert run(["check"]) == 2
    assert "has an entry in `remuda.lock` that somebody edited" in capsys.readouterr().out
    assert run(["sync", "--check"]) == 3
    assert "its entry in the lock was edited" in capsys.readouterr().out
    assert run(["sync"]) == 0
    assert lock.read_text() == kept


def test_a_brought_file_that_was_edited_is_brought_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(UpstreamRepository(home / "club"), None, State(sidecars=("pn12",)), "2026-05-01", "Publish")
    assert run(["sync"]) == 0
    (patch,) = (home / "remuda.upstream").rglob("pn12.py")
    patch.write_text("import evil\n")
    assert run(["sync", "--check"]) == 3
    assert f"`{patch.relative_to(home)}` is missing or was edited" in capsys.readouterr().out
    assert run(["sync"]) == 0
    assert patch.read_text() == "# pn12 1\n"


def test_a_dropped_step(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = UpstreamRepository(home / "club")
    state = State(sidecars=("pn12",))
    commit(upstream, None, state, "2026-05-01", "Publish")
    drop = "      variables: {MODEL_DIR: /srv/models}\n"
    (home / "remuda.yaml").write_text(FLEET.replace(drop, drop + "      drop_steps: [python3 /patches/pn12.py]\n"))
    assert run(["sync"]) == 0
    assert loaded(home).entry.steps == ("pip install xxhash -q", "python3 /patches/patch_timings.py")
    upstream.commit({state.full_path: recipe(state).replace("python3 /patches/pn12", "python3 -u /patches/pn12")})
    capsys.readouterr()
    assert run(["sync"]) == 3
    told = capsys.readouterr()
    assert "conflict: steps drop_steps: python3 /patches/pn12.py" in told.out
    assert "nothing is written" in told.err


def test_what_is_gone_from_the_fleet_is_cleaned(home: Path) -> None:
    commit(UpstreamRepository(home / "club"), None, State(sidecars=("pn12",)), "2026-05-01", "Publish")
    assert run(["sync"]) == 0
    text = (home / "remuda.yaml").read_text()
    (home / "remuda.yaml").write_text(text[: text.index("models:")] + "models: {other: {url: 'http://h'}}\n")
    assert run(["sync"]) == 0
    assert json.loads((home / "remuda.lock").read_text())["models"] == {}
    assert not list((home / "remuda.upstream").rglob("*.py"))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["sync", "other"], 2, "cannot sync `other`: there is no such model"),
        (["sync", "-f", "-"], 2, "cannot sync a fleet from standard input"),
        (["sync"], 2, "cannot read the repository"),
    ],
)
def test_what_is_refused(
    words: list[str], code: int, message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.is_dir()
    assert run(words) == code
    assert message in capsys.readouterr().err


def test_without_a_sync_the_model_is_refused_and_nothing_else_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.is_dir()
    assert run(["check"]) == 2
    told = capsys.readouterr()
    assert told.out == (
        f"remuda.yaml:6:5: `models.{MODEL}.source` is not in `remuda.lock`: "
        f"nothing is known of the recipe of `{MODEL}` yet\n"
        "  hint: run `remuda sync`\n"
    )


def test_plan_and_files_say_where_a_model_is_from(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(UpstreamRepository(home / "club"), None, State(), "2026-05-01", "Publish")
    assert run(["sync"]) == 0
    origin = loaded(home).locked
    assert origin is not None
    line = f"Synced from {origin.provenance}."
    assert origin.provenance.endswith(f"{State().full_path} @ {origin.commit[:8]} (2026-05-01)")
    assert serving(loaded(home)).metadata == {"synced_from": origin.provenance}
    capsys.readouterr()
    run(["plan", "--json"])  # whether this machine has the GPU or not
    (planned,) = json.loads(capsys.readouterr().out)["models"]
    assert planned["synced_from"] == origin.provenance
    text = (home / "remuda.yaml").read_text() + "    port: 9001\nengines: {vllm: {user: root}}\n"
    (home / "remuda.yaml").write_text(text)
    for target in ("quadlet", "compose", "llama-swap", "nixos", "nixos-llama-swap", "systemd"):
        if target == "systemd":
            (home / "remuda.yaml").write_text(text.replace("runtime: podman", "runtime: systemd"))
        capsys.readouterr()
        assert run(["render", target, "-o", "-"]) == 0, capsys.readouterr().err
        out = capsys.readouterr().out
        assert line in out, target
        assert ("/remuda.lock <==" in out) is (target == "systemd")  # its gateway reads the fleet there


def test_two_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(UpstreamRepository(home / "club"), None, State(), "2026-05-01", "Publish")
    with locked(home):
        assert run(["sync"]) == 6
        assert run(["sync", "--check"]) == 3
    assert "another `remuda sync` is at it" in capsys.readouterr().err
    assert not (home / "remuda.lock").exists()
    assert run(["sync"]) == 0


def test_a_recipe_that_cannot_be_read_is_told_at_its_place(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    UpstreamRepository(home / "club").commit({State().full_path: "services:\n  a: {image: [}\n"})
    assert run(["sync"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{State().full_path}:2:")
    assert "cannot sync: 1 problem upstream; nothing is written" in told


def test_nothing_to_sync(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "remuda.yaml").write_text("models: {a: {url: 'http://h'}}\n")
    assert run(["sync"]) == 0
    assert capsys.readouterr().err == "no model has a `source`\n"
    assert not (home / "remuda.lock").exists()
