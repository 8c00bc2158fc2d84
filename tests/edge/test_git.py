import os
import stat
import sys
from pathlib import Path, PurePosixPath

import pytest

from remuda.edge import git
from remuda.edge.git import CommitFiles, Repository
from remuda.errors import EffectError, SpecError
from remuda.spec.document import MAX_BYTES
from tests.edge.upstream_repository import UpstreamRepository


@pytest.fixture
def upstream(tmp_path: Path) -> UpstreamRepository:
    return UpstreamRepository(tmp_path / "club")


def head(upstream: UpstreamRepository) -> tuple[Repository, str]:
    repository = git.local(upstream.path)
    commit = repository.commit(None)
    assert commit
    return repository, commit


def test_commits_by_branch_tag_and_hash(upstream: UpstreamRepository) -> None:
    first = upstream.commit({"a": "1"}, date="2026-01-01")
    upstream.git("tag", "v1")
    second = upstream.commit({"a": "2"}, date="2026-01-02")
    repository = git.local(upstream.path)
    assert [repository.commit(ref) for ref in ("v1", first, first[:10], "master", None)] == [first] * 3 + [second] * 2
    assert [repository.commit(ref) for ref in ("v2", "0" * 40, "--help", "-x")] == [None] * 4
    assert repository.date(first) == "2026-01-01"


def test_files_of_a_commit(upstream: UpstreamRepository) -> None:
    (upstream.path / "link").symlink_to("/etc/passwd")
    (upstream.path / "up").symlink_to("../..")
    upstream.commit({"a/b": "1", "a/c/d": b"\xff", "z": "", "x y\tü\n": "odd"})
    files = CommitFiles.of(*head(upstream), ["a/b", "none"])
    assert files.read(PurePosixPath("a/b")) == b"1"
    assert files.read(PurePosixPath("a/c/d")) == b"\xff"
    assert files.read(PurePosixPath("z")) == b""
    assert files.read(PurePosixPath("x y\tü\n")) == b"odd"
    assert files.names(PurePosixPath("a")) == ("b", "c")
    assert files.names(PurePosixPath()) == ("a", "link", "up", "x y\tü\n", "z")
    assert files.below(PurePosixPath("a")) == (PurePosixPath("a/b"), PurePosixPath("a/c/d"))
    kinds = {path: files.kind(PurePosixPath(path)) for path in ("a", "a/b", "link", "up", "up/x", "none")}
    assert kinds == {"a": "directory", "a/b": "file", "link": "link", "up": "link", "up/x": None, "none": None}
    for path in ("link", "up", "none", "../club/a/b", "/etc/passwd", "a"):
        assert files.read(PurePosixPath(path)) is None
        assert files.digest(path) is None


def test_a_huge_file_is_not_read(upstream: UpstreamRepository) -> None:
    upstream.commit({"huge": b"x" * (MAX_BYTES + 1), "small": "1"})
    files = CommitFiles.of(*head(upstream), ["huge", "small"])
    assert files.read(PurePosixPath("huge")) is None
    assert files.read(PurePosixPath("small")) == b"1"


def test_names_that_are_no_utf_8(upstream: UpstreamRepository) -> None:
    upstream.commit({"plain": "1"})
    (upstream.path / os.fsdecode(b"\xff.yml")).write_bytes(b"2")
    upstream.commit({})
    files = CommitFiles.of(*head(upstream))
    assert files.read(PurePosixPath("\udcff.yml")) == b"2"
    (commit, *_) = list(files.repository.history(None, head(upstream)[1]))[::-1]
    assert commit.changes == (("A", "\udcff.yml", "\udcff.yml"),)


def test_history_tells_moves_and_subjects_as_plain_text(upstream: UpstreamRepository) -> None:
    upstream.commit({"a": "1\n2\n3\n4\n", "b": "x"}, "First", "2026-01-01")
    since = upstream.git("rev-parse", "HEAD").strip()
    upstream.move("a", "sub/a")
    upstream.commit({"sub/a": "1\n2\n3\n5\n", "b": None, "c d": ""}, "\x1b[2J Mo\u202eve", "2026-01-02")
    upstream.commit({}, "Nothing", "2026-01-03")
    repository, commit = head(upstream)
    moved, nothing = repository.history(since, commit)
    assert (moved.date, moved.subject) == ("2026-01-02", "[2J Move")
    assert set(moved.changes) == {("R", "a", "sub/a"), ("D", "b", "b"), ("A", "c d", "c d")}
    assert nothing.changes == ()
    assert len(list(repository.history(None, commit))) == 3


def test_nothing_of_a_repository_is_run(upstream: UpstreamRepository, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "evil"
    program.write_text(f"#!{sys.executable}\nopen({str(mark)!r}, 'w')\n")
    program.chmod(0o755)
    upstream.commit({"a": "1\n", ".gitattributes": "* diff=evil filter=evil\n", ".gitmodules": "[submodule 'x']\n"})
    settings = ("core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "diff.external", "diff.evil.command")
    for key in (*settings, "diff.evil.textconv", "filter.evil.smudge", "gpg.program", "credential.helper"):
        upstream.git("config", key, str(program))
    upstream.git("config", "log.showSignature", "true")
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (upstream.path / ".git/hooks" / hook).write_text(program.read_text())
        (upstream.path / ".git/hooks" / hook).chmod(0o755)
    mark.unlink(missing_ok=True)
    repository, commit = head(upstream)
    files = CommitFiles.of(repository, commit)
    assert files.read(PurePosixPath("a")) == b"1\n"
    assert len(list(repository.history(None, commit))) == 1
    assert not mark.exists()


def test_a_clone_is_bare_and_has_no_hooks(
    upstream: UpstreamRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "_NETWORK", "file")
    first = upstream.commit({"a": "1"})
    copy = git.clone(str(upstream.path), tmp_path / "copy")
    assert copy.commit(None) == first
    assert not (copy.directory / "hooks").exists()
    assert not (copy.directory / "a").exists()
    second = upstream.commit({"a": "2"})
    upstream.git("branch", "side")
    copy.fetch(str(upstream.path))
    assert [copy.commit(ref) for ref in (None, "side")] == [second, second]
    upstream.git("branch", "-D", "side")
    copy.fetch(str(upstream.path))
    assert copy.commit("side") is None


def test_a_clone_never_takes_a_protocol_that_runs_programs(tmp_path: Path) -> None:
    for address in (f"ext::touch {tmp_path}/ran", f"file://{tmp_path}", "http://127.0.0.1:1/a"):
        with pytest.raises(EffectError, match=r"not allowed|unable to find|transport"):
            git.clone(address, tmp_path / "copy")
    assert not (tmp_path / "ran").exists()


def test_bounds(upstream: UpstreamRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.commit({f"file-{number}": "" for number in range(200)})
    with pytest.raises(EffectError, match="git says more than 1000 bytes"):
        git.run((f"--git-dir={upstream.path}/.git", "ls-tree", "-r", "HEAD"), git.Bounds(10, 1000))
    slow = tmp_path / "bin/git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    with pytest.raises(EffectError, match="git failed after 0 s"):
        git.run(("version",), git.Bounds(0.2))


def test_without_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EffectError, match="cannot run `git`: no such file or directory"):
        git.run(("version",), git.Bounds(1))


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_what_is_no_repository(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "x")
    with pytest.raises(SpecError, match="cannot read the repository"):
        git.local(tmp_path / "x")


def test_a_program_in_the_tree_is_no_program_here(upstream: UpstreamRepository) -> None:
    upstream.commit({"run": "#!/bin/sh\n"})
    (upstream.path / "run").chmod(stat.S_IRWXU)
    upstream.commit({})
    assert CommitFiles.of(*head(upstream)).read(PurePosixPath("run")) == b"#!/bin/sh\n"
