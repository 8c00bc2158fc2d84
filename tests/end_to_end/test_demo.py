"""`remuda demo` and `remuda serve`: a model without writing a file."""

import re
import shlex
import signal
import subprocess

from remuda.edge.tiny_gguf import THEMES
from tests.end_to_end.daemon_process import Daemon, Home, is_alive


def demo(home: Home) -> Daemon:
    return Daemon(home, ["demo", "--listen", "127.0.0.1:0"])


def curl_lines(daemon: Daemon) -> list[list[str]]:
    """The commands that the demo prints, as a shell would read them."""
    daemon.wait_for("Ctrl-C ends the demo")
    printed = daemon.output.read_text()
    return [shlex.split(found) for found in re.findall(r"^  (curl .*?\}')$", printed, re.MULTILINE | re.DOTALL)]


def test_the_printed_commands_work_and_each_model_answers_in_its_own_words(home: Home) -> None:
    with demo(home) as daemon:
        lines = curl_lines(daemon)
        assert [argv[0] for argv in lines] == ["curl", "curl"]
        answers = [
            subprocess.run([*argv, "-sS", "--fail"], capture_output=True, text=True, check=True, timeout=30).stdout
            for argv in lines
        ]
        for answer, theme in zip(answers, ("range", "sea"), strict=True):
            said = set(re.findall(r"[A-Za-z-]+", " ".join(re.findall(r'"content":"(.*?)"', answer))))
            other = THEMES["sea" if theme == "range" else "range"].words - THEMES[theme].words
            assert THEMES[theme].words & said
            assert not other & said
        assert {model: row["state"] for model, row in daemon.ps().items()} == {"tiny-a": "stopped", "tiny-b": "ready"}


def test_ctrl_c_leaves_no_process_and_no_socket(home: Home) -> None:
    with demo(home) as daemon:
        home.run("load", "tiny-a")
        engine = daemon.ps()["tiny-a"]["pid"]
        assert daemon.end(signal.SIGINT) == 130
    assert not is_alive(engine)
    assert home.sockets() == []


def test_a_second_demo_runs_beside_the_first(home: Home) -> None:
    with demo(home), Daemon(home, ["demo"]) as second:
        assert home.run("ps").returncode == 6
        assert second.is_running


def test_serve_needs_no_file(home: Home) -> None:
    with Daemon(home, ["serve", "range.gguf", "--listen", "127.0.0.1:0", "--set", "ctx-size=512"]) as daemon:
        assert home.run("load", "range").returncode == 0
        assert daemon.ps()["range"]["state"] == "ready"
        assert "n_ctx" in home.run("logs", "range", "-n", "1000").stdout


def test_serve_says_what_it_cannot_serve(home: Home) -> None:
    (home.path / "weights.bin").write_text("")
    for model, message in (("nope.gguf", "no such file"), ("weights.bin", "expected a .gguf file")):
        done = home.run("serve", model)
        assert done.returncode == 2
        assert message in done.stderr


def test_logs_follow_what_the_engine_says(home: Home) -> None:
    with demo(home) as daemon:
        home.run("load", "tiny-a")
        argv = [*daemon.argv[:3], "logs", "-f", "tiny-a", "-n", "1"]
        with subprocess.Popen(
            argv, env=home.environment, cwd=home.path, stdout=subprocess.PIPE, text=True
        ) as following:
            assert following.stdout is not None
            following.stdout.readline()
            subprocess.run([*curl_lines(daemon)[0], "-sS"], capture_output=True, check=True, timeout=30)
            assert any("slot" in line for line in following.stdout)
            following.terminate()
