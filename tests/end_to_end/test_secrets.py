"""Secrets go where the fleet file sends them, and nowhere else: markers are planted everywhere, and all is searched.

Only the logs that engines write themselves hold them, as these engines print all that they are given.
"""

import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remuda.cli.main import run
from remuda.render import TARGETS
from tests.end_to_end.daemon_process import TIMEOUT_S, Home

FAKE = Path(__file__).parents[1] / "fake_engine.py"
MARK = "xMARKEDx"
KINDS = ("env", "file", "cred")
ENGINE = f"""#!{sys.executable}
import json, os, sys
witness = {{"argv": sys.argv, "environment": dict(os.environ)}}
with open(os.environ["WITNESS"], "w") as file:
    json.dump(witness, file)
own = [value for name, value in os.environ.items() if name.startswith(("OWN_", "ENGINE_"))]
print("given:", *sys.argv[1:], *own, file=sys.stderr, flush=True)
if "bad" in sys.argv:
    sys.exit("error: invalid argument: --no-such-flag")
port = sys.argv[sys.argv.index("--port") + 1]
os.execv(sys.executable, [sys.executable, "{FAKE}", "--any-model", "--port", port])
"""


@dataclass
class Safe:
    """Where secrets are kept; every reference is to another one."""

    directory: Path
    monkeypatch: pytest.MonkeyPatch
    planted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.directory / "credentials").mkdir(parents=True)
        self.monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(self.directory / "credentials"))

    def reference(self, kind: str) -> str:
        name = f"S{len(self.planted)}"
        value = f"{MARK}{name}."
        self.planted.append(value)
        if kind == "env":
            self.monkeypatch.setenv(name, value)
            return f"${{env:{name}}}"
        file = self.directory / ("credentials" if kind == "cred" else "") / name
        file.write_text(f"{value}\n")
        return f"${{cred:{name}}}" if kind == "cred" else f"${{file:{file}}}"

    def of_each_kind(self, name: str) -> dict[str, str]:
        """One of each kind under keys that begin by the name."""
        return {f"{name}{kind}": self.reference(kind) for kind in KINDS}

    def value(self, reference: str) -> str:
        """What a reference stands for."""
        name = reference.rstrip("}").rpartition(":")[2].rpartition("/")[2]
        return f"{MARK}{name}."


@pytest.fixture
def safe(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Safe:
    return Safe(tmp_path_factory.mktemp("safe") / "secrets", monkeypatch)


def leaks(text: str) -> list[str]:
    return re.findall(rf".*{MARK}.*", text)


def files_below(directory: Path) -> Iterator[tuple[Path, str]]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes().decode("latin-1")


def fleet(home: Home, safe: Safe) -> dict[str, Any]:
    engine = home.path / "engine"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    cpu = {"devices": ["cpu"], "memory": "1MiB"}
    script = f'echo "$*" > {safe.directory}/hook-$0'
    return {
        "gateway": {
            "keys": [{"name": kind, "secret": safe.reference(kind), "admin": True} for kind in KINDS],
            "access_log": str(home.path / "access.jsonl"),
        },
        "engines": {
            "vllm": {
                "executable": str(engine),
                "environment": safe.of_each_kind("ENGINE_"),
                "settings": safe.of_each_kind("engine-"),
            }
        },
        "models": {
            "good": {
                **cpu,
                "engine": "vllm",
                "model": "x/y",
                "environment": {**safe.of_each_kind("OWN_"), "WITNESS": str(safe.directory / "good.json")},
                "settings": {**safe.of_each_kind("own-"), "override": safe.of_each_kind("inside-")},
                "hooks": {
                    when: ["sh", "-c", script, when, *safe.of_each_kind("").values()]
                    for when in ("before_load", "after_load", "before_unload", "after_unload")
                },
            },
            "bad": {
                **cpu,
                "engine": "vllm",
                "model": "bad",
                "environment": {**safe.of_each_kind("OWN_"), "WITNESS": str(safe.directory / "bad.json")},
            },
            "own": {
                **cpu,
                "cmd": [str(engine), "--port", "${PORT}", *safe.of_each_kind("").values()],
                "environment": {**safe.of_each_kind("OWN_"), "WITNESS": str(safe.directory / "own.json")},
            },
            "stray": {**cpu, "port": 1, "cmd": ["x", safe.reference("env"), "${file:/nowhere}"]},
            "away": {"url": "http://127.0.0.1:9", "upstream_headers": safe.of_each_kind("X-")},
        },
        "routes": {"chain": {"failover": ["bad", "own"]}},
        "lint": {"model_ids": "off"},
    }


def ask(url: str, key: str, body: object = None) -> str:
    """The head and the body of the answer, whatever its status; of one that does not end, what comes at once."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {key}"})  # noqa: S310
    is_endless = re.search("/stream|/events", url) is not None
    try:
        with urllib.request.urlopen(request, timeout=0.5 if is_endless else TIMEOUT_S) as answer:  # noqa: S310
            return f"{answer.headers}{(answer.read1() if is_endless else answer.read()).decode()}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.headers}{error.read().decode()}"
    except TimeoutError:
        return ""  # a log that nothing was written to


def every_answer(url: str, key: str) -> Iterator[str]:
    """Of all that can be asked for without changing anything, and of requests that go well and wrong."""
    described = ask(f"{url}/api/openapi.json", key)
    paths = json.loads(described[described.index("{") :])["paths"]
    for path, operations in paths.items():
        for model in ("good", "bad", "own", "away") if "{" in path else ("",):
            if "get" in operations and path != "/unload":
                yield ask(url + re.sub(r"\{[^}]*\}", model, path), key)
    for path in ("/v1/models", "/v1/models/good", "/health", "/ready", "/upstream/good/echo"):
        yield ask(url + path, key)
    for model in ("good", "bad", "own", "stray", "away", "chain", "nobody"):
        for stream in (False, True):
            yield ask(f"{url}/v1/chat/completions", key, {"model": model, "messages": [], "stream": stream})
    yield ask(f"{url}/v1/messages", key, {"model": "stray", "messages": [], "max_tokens": 1})
    yield ask(f"{url}/v1/models", "wrong")


def everything_said(home: Home, file: Path) -> Iterator[str]:
    """By every verb that says something of a fleet and of a running daemon."""
    lines = f"""
        check {file}; check {file} --json; schema; doctor --json; plan -f {file}; plan -f {file} --json
        plan --explain good; plan --explain bad; plan --explain away; ps; ps --json; lend
        load bad; --debug load stray; lease own --ttl 1m; lease; reload
        logs good; logs bad; logs own; logs bad --previous
    """
    renderings = (f"render {target} -f {file} -o -{more}" for target in TARGETS for more in ("", " --json"))
    verbs = [words for words in re.split(r"[;\n]", lines) if words.strip()]
    for words in (*verbs, *renderings):
        done = home.run(*words.split())
        assert "Traceback" not in done.stderr
        yield done.stdout + done.stderr


def test_a_running_fleet_tells_no_secret(home: Home, safe: Safe) -> None:
    wanted = fleet(home, safe)
    file = home.fleet(json.dumps(wanted))
    key = safe.value(wanted["gateway"]["keys"][0]["secret"])
    with home.up(file) as daemon:
        said = [*every_answer(daemon.url, key), *everything_said(home, file), *every_answer(daemon.url, key)]
        file.write_text(json.dumps({**wanted, "routes": {}}))
        for words in (["reload"], ["restart"], ["unload", "good"]):
            done = home.run(*words)
            assert done.returncode == 0, done.stderr
            said.append(done.stdout + done.stderr)
        daemon.wait_until("good", "stopped")
        said += [home.run("down").stderr, daemon.output.read_text()]
    assert [leak for text in said for leak in leaks(text)] == []
    holding = [path for path, text in files_below(home.path) if MARK in text]
    assert all("logs" in path.parts for path in holding), holding
    assert any(re.search(r"given:.*\[redacted\]", text) for text in said)
    assert "own" in (home.path / "access.jsonl").read_text()
    arrived(wanted, safe)


def arrived(wanted: dict[str, Any], safe: Safe) -> None:
    """What is meant for an engine or a hook has reached it, so that there was something to tell."""
    good, own = (json.loads((safe.directory / f"{name}.json").read_text()) for name in ("good", "own"))
    vllm, model = wanted["engines"]["vllm"], wanted["models"]["good"]
    for name, reference in {**vllm["environment"], **safe_only(model["environment"])}.items():
        assert good["environment"][name] == safe.value(reference)
    for reference in (*vllm["settings"].values(), *safe_only(model["settings"]).values()):
        assert safe.value(reference) in good["argv"]
    assert all(safe.value(reference) in " ".join(good["argv"]) for reference in model["settings"]["override"].values())
    assert [safe.value(word) for word in wanted["models"]["own"]["cmd"][3:]] == own["argv"][3:]
    for when, words in model["hooks"].items():
        assert (safe.directory / f"hook-{when}").read_text().split() == [safe.value(word) for word in words[4:]]


def safe_only(values: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if str(value).startswith("${")}


FORMS = {
    "quadlet": ("environment", ("file", "cred")),
    "compose": ("environment", ("env", "file")),
    "systemd": ("environment", ("file", "cred")),
    "llama-swap": ("environment", ("env",)),
    "llmhop": ("header", KINDS),
    "nixos": ("environment", ("file", "cred")),
    "nixos-llmhop": ("header", KINDS),
    "nixos-llama-swap": ("environment", ("env",)),
    "flake": ("environment", KINDS),
}
"""A place in which a target can write references, and of which kinds; those of other kinds it refuses there."""
RUN_BY: dict[str, dict[str, str]] = {"systemd": {"runtime": "systemd"}, "flake": {}}
"""How models run that a target takes; otherwise podman does."""
BESIDE: dict[str, dict[str, dict[str, Any]]] = {
    "nixos": {"engines": {"vllm": {"user": "root"}}},
    "nixos-llmhop": {"engines": {"vllm": {"uid": 503, "sub_uid_start": 300000}}},
    "flake": {"nix": {"nixpkgs": "0182a361324364ae3f436a63005877674cf45efb"}},
}
"""What else a target needs in a fleet."""


def test_what_is_applied_tells_no_secret(home: Home, safe: Safe) -> None:
    model = {"engine": "vllm", "model": "x/y", "runtime": "systemd", "devices": ["cpu"], "port": 9000}
    secrets = {name: reference for name, reference in safe.of_each_kind("A_").items() if not name.endswith("env")}
    keys = [{"name": "me", "secret": safe.reference("file")}]
    where = ["--user", "--root", str(home.path / "staged")]
    said = []
    for length in (1024, 2048):
        changed = {**model, "environment": secrets, "settings": {"max-model-len": length}}
        file = home.fleet(json.dumps({"gateway": {"keys": keys}, "models": {"a": changed}}))
        for words in ("--dry-run", "--dry-run --json", ""):
            said.append(home.run("apply", "systemd", "-f", str(file), *words.split(), *where))  # noqa: PERF401  clearer
    said += [home.run(*words, *where) for words in (["rollback"], ["generations"], ["generations", "--json"])]
    assert [done.returncode for done in said] == [0] * len(said), said[0].stderr
    assert [leak for done in said for leak in leaks(done.stdout + done.stderr)] == []
    assert [path for path, text in files_below(home.path) if MARK in text] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_no_target_writes_a_secret(
    target: str, kind: str, tmp_path: Path, safe: Safe, capsys: pytest.CaptureFixture[str]
) -> None:
    run_by = RUN_BY.get(target, {"runtime": "podman", "image": "x.io/y", "tag": "1"})
    vllm = {"engine": "vllm", "model": "x/y", **run_by, "devices": ["cpu"], "port": 9000}
    own = {**run_by, "devices": ["cpu"], "memory": "1GiB", "port": 9000}
    away = {"url": "http://10.0.0.1:9"}
    place = safe.reference
    of_engine = BESIDE.get(target, {}).get("engines", {}).get("vllm", {})
    fleets: dict[str, dict[str, Any]] = {
        "environment": {"models": {"a": {**vllm, "environment": {"A": place(kind)}}}},
        "half": {"models": {"a": {**vllm, "environment": {"A": f"a {place(kind)}"}}}},
        "settings": {"models": {"a": {**vllm, "settings": {"api-key": place(kind)}}}},
        "engine": {"engines": {"vllm": {**of_engine, "environment": {"A": place(kind)}}}, "models": {"a": vllm}},
        "cmd": {"models": {"a": {**own, "cmd": ["a", place(kind)]}}},
        "key": {"gateway": {"keys": [{"name": "a", "secret": place(kind)}]}, "models": {"a": away}},
        "header": {"models": {"a": {**away, "upstream_headers": {"Authorization": f"Bearer {place(kind)}"}}}},
    }
    codes = {}
    for name, fleet in fleets.items():
        file = tmp_path / f"{name}.yaml"
        file.write_text(json.dumps({**BESIDE.get(target, {}), **fleet, "lint": {"model_ids": "off"}}))
        codes[name] = run(["render", target, "-f", str(file), "-o", str(tmp_path / name)])
        run(["render", target, "-f", str(file), "-o", "-", "--json"])
    said = capsys.readouterr()
    assert leaks(said.out + said.err) == []
    assert [path for path, text in files_below(tmp_path) if MARK in text] == []
    assert set(codes.values()) <= {0, 3}
    place_of, kinds = FORMS[target]
    assert codes[place_of] == (0 if kind in kinds else 3)
