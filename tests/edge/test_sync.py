"""What the effects of a sync leave behind when they are cut short, refused, or done by two at once."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from remuda.edge import lock_file
from remuda.edge.sync import Found, Wanted, look, write
from remuda.errors import EffectError, RemudaError, SpecError
from remuda.plan.check import load_fleet
from remuda.spec.merge import Effective, effective
from tests.edge.upstream_repository import UpstreamRepository

FLEET = """\
lint: {model_ids: off}
upstreams: {club: {git: club}}
models:
  a:  # kept
    source: {upstream: club, path: old/a.yml}
    devices: [cuda0]
"""
RECIPE = """\
services:
  vllm:
    image: vllm/vllm-openai:{tag}
    volumes:
      - ../patches/x.py:/patches/x.py:ro
      - ../cache:/root/.cache/vllm
{more}
    command: [--model, org/m, --max-model-len, "{length}"]
"""


def recipe(tag: str = "v1", length: int = 1000, more: str = "") -> str:
    return RECIPE.format(tag=tag, length=length, more=more)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "remuda.yaml").write_text(FLEET)
    return tmp_path


@pytest.fixture
def upstream(home: Path) -> UpstreamRepository:
    upstream = UpstreamRepository(home / "club")
    upstream.commit({"old/a.yml": recipe(), "patches/x.py": "1\n"})
    return upstream


def wanted(home: Path) -> Wanted:
    file = home / "remuda.yaml"
    return Wanted(file, file.read_bytes())


def synced(home: Path) -> Found:
    found = look(wanted(home))
    assert found.problems == ()
    write(wanted(home), found)
    return found


def loaded(home: Path) -> Effective:
    file = home / "remuda.yaml"
    return effective(load_fleet(file.read_bytes(), str(file), lock_file.read(file))[0], "a")


def patch(model: Effective) -> str:
    (source,) = [volume.split(":")[0] for volume in model.entry.volumes if ":/patches/x.py" in volume]
    return Path(source).read_text()


def move_on(upstream: UpstreamRepository) -> None:
    upstream.move("old/a.yml", "new/a.yml")
    upstream.commit({"new/a.yml": recipe("v2", 2000), "patches/x.py": "2\n"})


OPERATIONS = ("mkdir", "replace", "unlink", "rmdir", "fchmod")
"""What changes a disk; every one that a sync does is cut short once."""


def _ending(real: object, left: list[int]) -> object:
    def operation(*args: object, **kwargs: object) -> object:
        assert callable(real)
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    return operation


def test_an_interruption_anywhere_leaves_the_old_or_the_new(
    home: Path, upstream: UpstreamRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(home)
    shutil.copytree(home / "remuda.upstream", home / "kept")
    kept = {path: path.read_bytes() for path in (home / "remuda.yaml", home / "remuda.lock")}
    move_on(upstream)
    seen = set()
    for last in range(1, 100):
        found, left = look(wanted(home)), [last]
        with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
            for name in OPERATIONS:
                patched.setattr(os, name, _ending(getattr(os, name), left))
            write(wanted(home), found)
        model = loaded(home)
        seen.add((model.settings["max-model-len"], left[0] <= 0))
        assert (model.settings["max-model-len"], model.image, patch(model)) in (
            (1000, "vllm/vllm-openai:v1", "1\n"),
            (2000, "vllm/vllm-openai:v2", "2\n"),
        ), last
        synced(home)
        assert "path: new/a.yml}\n" in (home / "remuda.yaml").read_text()
        assert "# kept" in (home / "remuda.yaml").read_text()
        assert patch(loaded(home)) == "2\n"
        assert len(list((home / "remuda.upstream").rglob("x.py"))) == 1
        assert not look(wanted(home)).has_drifted
        if left[0] > 0:
            break
        shutil.rmtree(home / "remuda.upstream")
        shutil.copytree(home / "kept", home / "remuda.upstream")
        for path, content in kept.items():
            path.write_bytes(content)
    assert {(1000, True), (2000, True), (2000, False)} <= seen


def test_an_edit_meanwhile_is_not_lost(home: Path, upstream: UpstreamRepository) -> None:
    assert upstream.path.is_dir()
    before = wanted(home)
    found = look(before)
    (home / "remuda.yaml").write_text(FLEET + "    port: 9000\n")
    with pytest.raises(EffectError, match="somebody edited it meanwhile"):
        write(before, found)
    assert not (home / "remuda.lock").exists()


def test_comments_and_line_ends_of_the_fleet_file_stay(home: Path, upstream: UpstreamRepository) -> None:
    text = "\ufeff# mine\r\n" + FLEET.replace("\n", "\r\n")
    (home / "remuda.yaml").write_bytes(text.encode())
    synced(home)
    move_on(upstream)
    synced(home)
    assert (home / "remuda.yaml").read_bytes() == text.replace("old/a.yml", "new/a.yml").encode()


def test_only_what_is_asked_for(home: Path, upstream: UpstreamRepository) -> None:
    (home / "remuda.yaml").write_text(FLEET + "  b:\n    source: {upstream: club, path: old/a.yml}\n")
    synced(home)
    move_on(upstream)
    found = look(Wanted(home / "remuda.yaml", (home / "remuda.yaml").read_bytes(), frozenset({"b"})))
    assert [told.model_id for told in found.told] == ["b"]
    write(wanted(home), found)
    text = (home / "remuda.yaml").read_text()
    assert (text.count("old/a.yml"), text.count("new/a.yml")) == (1, 1)
    assert patch(loaded(home)) == "1\n"


def test_a_history_that_was_rewritten(home: Path, upstream: UpstreamRepository) -> None:
    synced(home)
    upstream.git("checkout", "--quiet", "--orphan", "other")
    upstream.commit({"old/a.yml": recipe("v3")})
    upstream.git("branch", "--quiet", "--force", "master", "other")
    upstream.git("checkout", "--quiet", "master")
    upstream.git("branch", "-D", "other")
    upstream.git("reflog", "expire", "--expire=now", "--all")
    upstream.git("gc", "--quiet", "--prune=now")
    synced(home)
    assert loaded(home).image == "vllm/vllm-openai:v3"


def test_a_recipe_that_was_moved_before_the_first_sync(home: Path, upstream: UpstreamRepository) -> None:
    move_on(upstream)
    found = synced(home)
    assert [move.path for move in found.told[0].trail.moves] == ["new/a.yml"]
    assert "path: new/a.yml" in (home / "remuda.yaml").read_text()


@pytest.mark.parametrize(
    ("files", "more", "message"),
    [
        ({"old/a.yml": None}, "", "the upstream `club` has no file `old/a.yml`: it was deleted by "),
        ({}, "      - ../../../etc:/host", "is outside of the repository"),
        ({"huge": b"x" * (11 * 2**20)}, "      - ../huge:/huge", "`huge` cannot be read, or is too large"),
        ({"old/a.yml": "services: {a: {image: nginx}, b: {image: nginx}}"}, "", "has several services"),
        ({"old/a.yml": "services: {}"}, "", "there is no service"),
        ({"old/a.yml": "a: *x"}, "", "the alias `*x` has no anchor"),
        ({"old/a.yml": b"\xff\xfe\0"}, "", "UTF-16"),
        ({"old/a.yml": "x: &a [1]\n" + "".join(f"y{n}: &b{n} [*a, *a]\n" for n in range(3))}, "", "the service"),
    ],
)
def test_recipes_that_are_refused(
    files: dict[str, str | bytes | None], more: str, message: str, home: Path, upstream: UpstreamRepository
) -> None:
    upstream.commit({"old/a.yml": recipe(more=more), **files})
    found = look(wanted(home))
    said = [remark.problem.message for remark in found.problems]
    assert any(message in text for text in said) or (message == "the service" and said), said
    assert not (home / "remuda.lock").exists()


def test_links_of_a_repository_lead_nowhere(home: Path, upstream: UpstreamRepository) -> None:
    (home / "secret").write_text("planted")
    for name, target in (
        ("link.py", "../secret"),
        ("old/b.yml", "a.yml"),
        ("folder", "/etc"),
        ("dir/l", "../../secret"),
    ):
        (upstream.path / name).parent.mkdir(exist_ok=True)
        (upstream.path / name).symlink_to(target)
    mounts = ("../link.py:/l.py:ro", "../folder:/f", "../folder/passwd:/p:ro")
    for mount in mounts:
        upstream.commit({"old/a.yml": recipe(more=f"      - {mount}")})
        found = look(wanted(home))
        is_made = mount.startswith("../folder/")
        assert bool(found.problems) is not is_made, mount
        assert b"planted" not in b"".join(found.files.values())
    upstream.commit({"old/a.yml": recipe(more="      - ../dir:/d:ro"), "dir/real": "1"})
    found = synced(home)
    assert {Path(path).name for path in found.files} == {"x.py", "real"}
    assert found.told[0].new_unknowns == ("symbolic links in `dir` are left out",)
    (home / "remuda.yaml").write_text(FLEET.replace("old/a.yml", "old/b.yml"))
    assert [remark.problem.message for remark in look(wanted(home)).problems] == [
        "the recipe `old/b.yml` is a symbolic link"
    ]


def test_an_unknown_ref_is_told_at_its_place(home: Path, upstream: UpstreamRepository) -> None:
    assert upstream.path.is_dir()
    (home / "remuda.yaml").write_text(FLEET.replace("{git: club}", "{git: club, ref: v9}"))
    with pytest.raises(SpecError) as error:
        look(wanted(home))
    (problem,) = error.value.problems
    assert problem.message == "the repository `club` has no `v9`"
    assert problem.position is not None
    assert problem.position.line == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("club: {git: club}", "club: {git: 'ext::x'}", "is no address of a repository"),
        ("old/a.yml", "../a.yml", "leads out of the repository"),
        ("upstream: club", "upstream: other", "is unknown"),
        ("path: old/a.yml", "path: 3", "must be text"),
        ("models:", "models: [", None),
    ],
)
def test_what_is_wrong_with_the_file(old: str, new: str, message: str | None, home: Path) -> None:
    (home / "remuda.yaml").write_text(FLEET.replace(old, new))
    with pytest.raises(RemudaError) as error:
        look(wanted(home))
    assert message is None or message in error.value.problems[0].message


def test_a_broken_lock_is_refused(home: Path, upstream: UpstreamRepository) -> None:
    assert upstream.path.is_dir()
    (home / "remuda.lock").write_text("<<<<<<< ours\n")
    with pytest.raises(SpecError, match="is damaged") as error:
        look(wanted(home))
    assert error.value.hint == "remove it: this writes it anew"


def test_two_fleets_of_one_directory_leave_each_other_their_files(home: Path, upstream: UpstreamRepository) -> None:
    synced(home)
    (home / "flake.lock").write_text('{"nodes": {}}')
    other = home / "other.yaml"
    other.write_text(FLEET.replace("club", "herd").replace("git: herd", "git: club"))
    upstream.commit({"patches/x.py": "2\n"})
    mine = Wanted(other, other.read_bytes())
    write(mine, look(mine))
    assert (home / "other.lock").exists()
    assert patch(loaded(home)) == "1\n"
    assert len(list((home / "remuda.upstream").rglob("x.py"))) == 2
