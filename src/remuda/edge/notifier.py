"""`remuda-notify`: becomes an engine in a unit of systemd's, and leaves a watcher that says when it can serve.

    remuda-notify --port 18001 --path /health --secret HF_TOKEN=hf-token -- /opt/vllm/bin/vllm serve …

The process that systemd has started becomes the engine itself, so that its exit status, its death by a signal, its
`MAINPID` and every signal to it are the engine's own and nothing has to be passed on. Beside it goes on, until the
engine serves or ends, a watcher that asks for its health and tells systemd (sd_notify(3)): a `STATUS=` that
`systemctl status` shows, and then `READY=1`. So nothing of this stays in memory while the engine serves, and whoever
kills the watcher kills no engine.

The environment is what the unit says: `Environment=`, over the files of `--file` (credentials that hold an environment
file, later ones over earlier ones, read as podman reads them), over what the manager gives; names that `--own` lists
are the unit's and no file's. Secrets are credentials that become variables, over all others. So the same fleet file
means the same in a native unit as in a container.

It is part of a unit's start, so it reads its command line itself and imports what it needs when it needs it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from remuda.edge import notice
from remuda.edge.waiting import Pidfd, first_of
from remuda.errors import EffectError, RemudaError, SpecError

_HOST = "127.0.0.1"
_PAUSE_S = 0.1
_ANSWER_S = 5.0
_HEARD_S = 30.0
_ANSWER_BYTES = 4096
_OK = 200
_USAGE = "write `remuda-notify --port PORT [--path PATH] [--file CREDENTIAL] [--secret NAME=CREDENTIAL] -- COMMAND`"
_NOT_FOR_ENGINES = ("NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says. `path` is None where the open port is enough; `engine` is to be looked for."""

    port: int
    command: tuple[str, ...]
    path: str | None = None
    files: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    own: frozenset[str] = frozenset()
    engine: str | None = None


def main() -> NoReturn:
    """Become the engine, or exit with what is wrong."""
    try:
        _run(parse(sys.argv[1:]), os.environ)
    except RemudaError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        sys.stderr.write(f"error: {error.message}{hint}\n")
        sys.exit(error.exit_code)


def parse(words: Sequence[str]) -> Wanted:
    """The command line; raises SpecError."""
    options, rest = list(words), list[str]()
    if "--" in options:
        begin = options.index("--")
        options, rest = options[:begin], options[begin + 1 :]
    given: dict[str, list[str]] = {f"--{name}": [] for name in ("port", "path", "file", "secret", "own", "engine")}
    for name, value in _pairs(options):
        if name not in given:
            raise SpecError(f"there is no option `{name}`", hint=_USAGE)
        given[name].append(value)
    last = {name: values[-1] for name, values in given.items() if values}
    port, engine = last.get("--port", ""), last.get("--engine")
    if not port.isdecimal() or not (rest or engine):
        raise SpecError("expected `--port` with a number, and a command after `--`", hint=_USAGE)
    return Wanted(
        port=int(port),
        command=tuple(rest),
        path=last.get("--path"),
        files=tuple(given["--file"]),
        secrets=tuple(_secret(text) for text in given["--secret"]),
        own=frozenset(last.get("--own", "").split(",")),
        engine=engine,
    )


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    words = iter(options)
    for word in words:
        name, equals, value = word.partition("=")
        yield name, value if equals else next(words, "")


def _secret(text: str) -> tuple[str, str]:
    name, equals, credential = text.partition("=")
    if not equals:
        raise SpecError(f"expected `NAME=CREDENTIAL` after `--secret`, not `{text}`", hint=_USAGE)
    return name, credential


def _run(wanted: Wanted, inherited: Mapping[str, str]) -> NoReturn:
    environment = environment_of(wanted, inherited)
    argv = (*_program(wanted.engine), *wanted.command)
    _leave_watcher(wanted, inherited.get("NOTIFY_SOCKET"))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and that would pass to the engine
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606  no shell, which is what is wanted
    except OSError as error:
        message = f"cannot execute `{argv[0]}`: {(error.strerror or str(error)).lower()}"
        raise EffectError(message, hint="see that it exists, and write its absolute path as `executable`") from error


def environment_of(wanted: Wanted, inherited: Mapping[str, str]) -> dict[str, str]:
    """What the engine finds in its environment; raises EffectError for a credential that is not there."""
    kept = {name: value for name, value in inherited.items() if name not in _NOT_FOR_ENGINES}
    if not wanted.files and not wanted.secrets:
        return kept
    from remuda.edge.secrets import Resolver, read_environment_file  # noqa: PLC0415

    credentials = Path(inherited.get("CREDENTIALS_DIRECTORY", "/"))
    found: dict[str, str] = {}
    for file in wanted.files:
        found |= read_environment_file(credentials / file, inherited)
    own = {name: value for name, value in kept.items() if name in wanted.own}
    resolver = Resolver(credentials, inherited)
    secrets = {name: resolver.text(f"${{cred:{credential}}}") for name, credential in wanted.secrets}
    return {**kept, **found, **own, **secrets}


def _program(engine: str | None) -> tuple[str, ...]:
    """What runs an engine whose program nobody has named, as it is looked for by `remuda up`."""
    if engine is None:
        return ()
    from remuda.edge.programs import find_program  # noqa: PLC0415
    from remuda.engines import ENGINES  # noqa: PLC0415

    if engine not in ENGINES:
        raise SpecError(f"there is no engine `{engine}`", hint=f"use one of `{'`, `'.join(ENGINES)}`")
    return find_program(ENGINES[engine])


def _leave_watcher(wanted: Wanted, address: str | None) -> None:
    """Start the watcher as nobody's child: an engine that waits for its children need not know of it."""
    engine = Pidfd(os.getpid())
    child = os.fork()
    if child:
        engine.close()
        os.waitpid(child, 0)
        return
    status = 1
    try:
        if os.fork() == 0:
            watch(engine, wanted, address)
        status = 0
    finally:
        os._exit(status)


def watch(engine: Pidfd, wanted: Wanted, address: str | None) -> None:
    """Tell the manager how the engine comes up, until it serves or has ended."""
    told = ""
    while not _has_ended(engine):
        said = health(wanted.port, wanted.path)
        if said is None:
            notice.tell(address, f"{notice.READY}\nSTATUS=serving on port {wanted.port}")
            notice.wait_until_read(address, _HEARD_S)
            return
        status = f"{said}{in_memory()}"
        if status != told:
            told = status
            notice.tell(address, f"STATUS={status}")


def _has_ended(engine: Pidfd) -> bool:
    """Whether it has; looks for as long as there is to be between two questions."""
    try:
        first_of((engine,), _PAUSE_S)
    except TimeoutError:
        return False
    return True


def health(port: int, path: str | None) -> str | None:
    """Why the engine cannot serve yet; None once it can."""
    end_s = time.monotonic() + _ANSWER_S
    try:
        with socket.create_connection((_HOST, port), _ANSWER_S) as sock:
            if path is None:
                return None
            request = f"GET {path} HTTP/1.1\r\nHost: {_HOST}:{port}\r\nConnection: close\r\n\r\n"
            sock.sendall(request.encode())
            answer = _read(sock, end_s)
    except TimeoutError:
        return f"starting: {path} does not answer"
    except OSError:
        return f"starting: nothing listens on port {port} yet"
    status = answer.split(b" ", 2)[1:2]
    if status == [str(_OK).encode()]:
        return None
    return f"loading: {path} answers {status[0].decode(errors='replace') if status else 'nothing that is HTTP'}"


def _read(sock: socket.socket, end_s: float) -> bytes:
    """The answer's first line, or what there is of it."""
    answer = b""
    while b"\n" not in answer and len(answer) < _ANSWER_BYTES:
        sock.settimeout(max(end_s - time.monotonic(), 0.001))
        more = sock.recv(_ANSWER_BYTES)
        if not more:
            break
        answer += more
    return answer.partition(b"\r\n")[0]


def in_memory(membership: Path = Path("/proc/self/cgroup"), groups: Path = Path("/sys/fs/cgroup")) -> str:
    """What the unit holds in memory, weights included, where that is counted: it grows while they are read."""
    try:
        group = membership.read_text(encoding="utf-8").rpartition("::")[2].strip().lstrip("/")
        used_bytes = int((groups / group / "memory.current").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return f", {used_bytes / 2**30:.1f} GiB in memory"


if __name__ == "__main__":
    main()
