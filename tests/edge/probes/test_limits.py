import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from remuda.edge.probes.limits import Files, Round
from remuda.errors import ProbeError


def let_go(pipe: Path) -> None:
    """End the reader of a pipe that nobody writes to."""
    os.close(os.open(pipe, os.O_RDWR))


def raising(error: BaseException) -> Callable[[Files], str]:
    def probe(_: Files) -> str:
        raise error

    return probe


def test_what_a_probe_finds_is_passed_on(tmp_path: Path) -> None:
    look = Round(tmp_path)
    assert look.result(look.start("x", lambda _: 5), None) == 5
    assert look.findings == []


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ProbeError("the driver is lost"), "broken", "the driver is lost"),
        (PermissionError(13, "Permission denied"), "refused", "cannot look at x: [Errno 13] Permission denied"),
        (OSError(5, "Input/output error"), "unreadable", "cannot look at x: [Errno 5] Input/output error"),
        (ValueError("no number"), "unreadable", "cannot make sense of x: ValueError('no number')"),
        (RecursionError(), "unreadable", "cannot make sense of x: RecursionError()"),
    ],
)
def test_whatever_a_probe_does_is_a_finding(tmp_path: Path, error: Exception, kind: str, message: str) -> None:
    look = Round(tmp_path)
    assert look.result(look.start("x", raising(error)), "nothing") == "nothing"
    (finding,) = look.findings
    assert (finding.source, finding.kind, finding.message) == ("x", kind, message)


def test_probes_that_hang_cost_one_limit_together_and_the_others_nothing(tmp_path: Path) -> None:
    over = threading.Event()
    begun = time.monotonic()
    look = Round(tmp_path, limit_s=0.2)
    hung = [look.start(f"hung {number}", lambda _: over.wait(50)) for number in range(5)]
    good = look.start("good", lambda _: "found")
    assert [look.result(pending, None) for pending in hung] == [None] * 5
    assert look.result(good, None) == "found"
    assert time.monotonic() - begun < 5
    assert {finding.kind for finding in look.findings} == {"slow"}
    assert look.findings[0].message == "hung 0 did not answer within 0.2 s"
    over.set()


def test_a_file_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stuck")
    look = Round(tmp_path, limit_s=0.1)
    assert look.result(look.start("stuck", lambda files: files.text("stuck")), "none") == "none"
    assert [finding.kind for finding in look.findings] == ["slow"]
    let_go(tmp_path / "stuck")


def test_a_file_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path, "x")
    (tmp_path / "file").write_text("text")
    assert files.text("file") == files.text("/file") == "text"
    assert files.text("no") is files.text("file/below") is None
    assert files.text("") is None
    assert files.names("no") == files.names("file") == ()
    assert files.has("file")
    assert not files.has("file/below")
    assert files.findings == []


def test_a_refused_file_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    # Root may read everything, so a mode would refuse nothing to it.
    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    look = Round(tmp_path)
    assert look.result(look.start("x", lambda files: (files.text("a"), files.names("b"))), None) == (None, ())
    assert [(finding.kind, finding.message) for finding in look.findings] == [
        ("refused", f"cannot read `{tmp_path}/a`: Permission denied"),
        ("refused", f"cannot read `{tmp_path}/b`: Permission denied"),
    ]
