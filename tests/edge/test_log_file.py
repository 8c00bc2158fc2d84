from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path

import pytest

from remuda.edge.log_file import LogEnd, read_end
from remuda.errors import SpecError


def test_a_small_log_is_read_whole(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"one\ntwo \xff\n")
    assert read_end(log) == LogEnd("one\ntwo �\n", 1)


def test_of_a_large_one_the_end_with_its_line_number(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("".join(f"line {number}\n" for number in range(1, 300_001)))
    end = read_end(log, most_bytes=1000)
    first, _, rest = end.text.partition("\n")
    assert first == f"line {end.first_line}"
    assert rest.endswith("line 300000\n")
    assert len(end.text) <= 1000


def test_a_line_without_an_end_is_bounded_too(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("x" * 5_000_000)
    assert read_end(log, most_bytes=1000) == LogEnd("x" * 1000, 1)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"SIGILL\n")))
    assert read_end(Path("-")) == LogEnd("SIGILL\n", 1)


def test_a_pipe_as_shells_pass_them(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("from a pipe\n",))
    writer.start()
    assert read_end(pipe).text == "from a pipe\n"
    writer.join()


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "engine.log.gz"
    packed.write_bytes(gzip.compress(b"SIGILL\n"))
    binary = tmp_path / "journal"
    binary.write_bytes(b"LPKSHHRH\0\0")
    for path, message in (
        (packed, f"cannot read `{packed}`: it is compressed"),
        (binary, f"cannot read `{binary}`: it is a binary file"),
        (tmp_path, f"cannot read `{tmp_path}`: it is a directory"),
        (tmp_path / "none", f"cannot read `{tmp_path}/none`: no such file or directory"),
        (Path("/dev/zero"), "cannot read `/dev/zero`: it is a device"),
    ):
        with pytest.raises(SpecError) as error:
            read_end(path)
        assert error.value.message == message
