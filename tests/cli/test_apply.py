"""`remuda apply`, `rollback`, `generations`, and what `plan` says of them, as users meet them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from remuda.cli.main import run
from tests.render.quadlet.generator import generated

FLEET = """\
gateway: {keys: [{name: roo, secret: "${file:/etc/remuda/roo.key}"}]}
engines: {vllm: {image: docker.io/vllm/vllm-openai, tag: v1, devices: [cpu]}}
models:
  a: {engine: vllm, runtime: podman, model: org/a, port: 8001, environment: {TOKEN: "${file:/etc/hf.token}"}}
  b: {engine: vllm, runtime: podman, model: org/b, port: 8002}
lint: {model_ids: "off"}
"""
UNIT = ".config/containers/systemd/vllm-{}.container"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (
        ("HOME", ""),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_RUNTIME_DIR", "run"),
    ):
        monkeypatch.setenv(name, str(tmp_path / value))
    path = tmp_path / "remuda.yaml"
    path.write_text(FLEET)
    return path


def apply(file: Path, *more: str) -> int:
    return run(["apply", "quadlet", "--user", "--no-start", "-f", str(file), *more])


def test_files_are_put_in_place_and_back(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert apply(file) == 0
    told = capsys.readouterr().out
    unit = file.parent / UNIT.format("a")
    assert f"added    {unit}" in told
    assert told.endswith("generation 1 is applied\n")
    assert "org/a" in unit.read_text()
    assert apply(file) == 0
    assert capsys.readouterr().out == "nothing changes: generation 1 is what the fleet file says\n"
    file.write_text(FLEET.replace("org/a", "org/new"))
    assert apply(file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["path"] for one in told["files"]] == [str(unit)]
    assert (told["previous"], told["generation"]) == (1, 2)
    assert "org/new" in unit.read_text()
    assert run(["rollback", "--user", "--no-start"]) == 0
    assert capsys.readouterr().out == f"  changed  {unit}\ngeneration 1 is applied\n"
    assert "org/a" in unit.read_text()
    assert run(["rollback", "2", "--user", "--no-start", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["generation"] == 2


def test_podman_reads_units_through_their_links(file: Path, tmp_path: Path) -> None:
    apply(file)
    (tmp_path / "generated").mkdir()
    services = generated(file.parent / ".config/containers/systemd", tmp_path / "generated", is_user=True)
    assert set(services) == {"vllm-a.service", "vllm-b.service"}
    assert (tmp_path / "generated/default.target.wants/vllm-a.service").is_symlink()


def test_a_dry_run_shows_the_lines_and_changes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert apply(file, "--dry-run") == 0
    assert "+Image=docker.io/vllm/vllm-openai:v1" in capsys.readouterr().out
    assert apply(file, "--dry-run", "--json") == 0
    assert "+Image=" in json.loads(capsys.readouterr().out)["files"][0]["diff"]
    assert [path.name for path in file.parent.iterdir()] == ["remuda.yaml"]
    assert apply(file) == 0
    capsys.readouterr()
    assert apply(file, "--dry-run") == 0
    assert capsys.readouterr().out == "nothing changes: generation 1 is what the fleet file says\n"


def test_generations_are_listed_with_what_became_of_them(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generations", "--user"]) == 0
    assert capsys.readouterr().out == "nothing was applied for the user yet\n"
    apply(file)
    file.write_text(FLEET.replace("org/a", "org/new"))
    apply(file)
    store = file.parent / "state/remuda/deploy"
    (store / "generations/1/failed").write_text("`vllm-a.service` has ended again\n")
    (store / "journal.json").write_text('{"before": 1, "after": 2, "why": "it broke"}')
    capsys.readouterr()
    assert run(["generations", "--user"]) == 0
    told = capsys.readouterr()
    _, second, first = told.out.splitlines()
    assert second.startswith("*  2")
    assert first.endswith("failed: `vllm-a.service` has ended again")
    assert "generation 2 is under way" in told.err
    assert run(["generations", "--user", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["generation"], one["models"]) for one in told["generations"]] == [(2, ["a", "b"]), (1, ["a", "b"])]
    assert apply(file) == 0
    assert "going back to generation 1" in capsys.readouterr().err


def test_edited_files_need_force(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apply(file)
    (file.parent / UNIT.format("a")).write_text("mine")
    assert apply(file) == 6
    told = capsys.readouterr()
    assert "in the way" in told.out
    assert "vllm-a.container` was edited" in told.err
    assert "--force" in told.err
    assert apply(file, "--force") == 0


def test_a_staging_tree_is_as_the_machine_will_be(file: Path) -> None:
    root = file.parent / "root"
    file.write_text(FLEET.replace("devices: [cpu]", "devices: [cpu], user: root"))
    assert run(["apply", "quadlet", "--system", "--root", str(root), "-f", str(file)]) == 0
    link = root / "etc/containers/systemd/vllm-a.container"
    assert link.readlink() == Path("/etc/remuda/deploy/current/etc/containers/systemd/vllm-a.container")
    assert (root / "etc/remuda/deploy/current/prepare").exists()
    assert run(["rollback", "--system", "--root", str(root)]) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["apply", "quadlet", "--system", "--no-start"], 2, "apply those with `--user`"),
        (["apply", "quadlett"], 2, "write `quadlet`"),
        (["apply", "quadlet", "--user"], 6, "cannot reach systemd"),
        (["apply", "quadlet", "--user", "--keep", "0"], 2, "--keep"),
        (["rollback", "7", "--user", "--no-start"], 6, "cannot find generation 7"),
    ],
)
def test_mistakes(file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str) -> None:
    more = ["-f", str(file)] if arguments[0] == "apply" else []
    assert run([*arguments, *more]) == code
    assert said in capsys.readouterr().err
    assert not (file.parent / ".config").exists()


def test_a_staging_tree_may_say_where_remuda_is_and_the_plan_remembers(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FLEET.replace("runtime: podman", "runtime: systemd"))
    arguments = ["--user", "--no-start", "-f", str(file), "--remuda", "/opt/bin/remuda"]
    assert run(["apply", "systemd", *arguments]) == 0
    assert "ExecStart=/opt/bin/remuda up" in (file.parent / ".config/systemd/user/remuda.service").read_text()
    capsys.readouterr()
    assert run(["plan", "-f", str(file)]) == 0
    assert "generation 1 is applied and up to date" in capsys.readouterr().out


def test_files_of_other_programs_stay_beside_the_generations(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", "llmhop", "--user", "-f", str(file)]) == 0
    assert "its files are in" in capsys.readouterr().out
    current = file.parent / "state/remuda/deploy/current"
    assert list(current.iterdir())


def test_the_plan_says_what_applying_would_change(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apply(file)
    capsys.readouterr()
    assert run(["plan", "-f", str(file)]) == 0
    assert "generation 1 is applied and up to date" in capsys.readouterr().out
    file.write_text(FLEET.replace("org/b", "org/new"))
    assert run(["plan", "-f", str(file), "--diff"]) == 0
    told = capsys.readouterr().out
    assert "`remuda apply quadlet` would change generation 1:" in told
    assert "+Exec=org/new" in told
    assert run(["plan", "-f", str(file), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["changes"]["files"]) == 1
    file.write_text(FLEET.replace(", port: 8002", ""))
    assert run(["plan", "-f", str(file)]) == 0
    assert "would be refused" in capsys.readouterr().out


def test_no_secret_is_in_what_is_kept_or_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marker = "s3cret-marker"
    secret = file.parent / "token"
    secret.write_text(marker)
    file.write_text(FLEET.replace("/etc/hf.token", str(secret)).replace("/etc/remuda/roo.key", str(secret)))
    apply(file, "--dry-run")
    apply(file)
    run(["plan", "-f", str(file), "--diff"])
    run(["generations", "--user", "--json"])
    told = capsys.readouterr()
    assert marker not in told.out + told.err
    kept = [path for path in file.parent.rglob("*") if path.is_file() and path != secret]
    assert len(kept) > 3
    assert not [path for path in kept if marker in path.read_text()]
    assert os.access(file.parent / "state/remuda/deploy/current/prepare", os.X_OK)
