"""The words of `docker run` and `podman run` → a container.

Options of both programs are known with what follows them, since the image is the first word that belongs to none. One
that is not known makes the line unreadable: nobody could tell whether the next word is its value.

Sources: `docker run --help` of Docker 28, `podman run --help` of podman 4.3 and 5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Literal

from remuda.adapt.container import ContainerRun
from remuda.adapt.wrappers import unwrapped
from remuda.errors import SpecError

PROGRAMS: Final = frozenset({"docker", "podman"})

_SHORT: Final = {
    "a": "attach",
    "c": "cpu-shares",
    "e": "env",
    "h": "hostname",
    "l": "label",
    "m": "memory",
    "p": "publish",
    "u": "user",
    "v": "volume",
    "w": "workdir",
    "d": "detach",
    "i": "interactive",
    "t": "tty",
    "q": "quiet",
    "P": "publish-all",
}
_SWITCHES_TEXT: Final = """
    detach disable-content-trust env-host http-proxy init interactive no-healthcheck no-hostname no-hosts
    oom-kill-disable passwd privileged publish-all quiet read-only read-only-tmpfs replace rm rmi rootfs sig-proxy
    tls-verify tty unsetenv-all use-api-socket
"""
_WITH_VALUE_TEXT: Final = """
    add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add cap-drop cert-dir cgroup-conf
    cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile cpu-count cpu-percent cpu-period cpu-quota
    cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems creds decryption-key detach-keys device
    device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns dns-opt dns-option
    dns-search domainname entrypoint env env-file env-merge expose gidmap gpus group-add group-entry health-cmd
    health-interval health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries
    health-start-interval health-start-period health-startup-cmd health-startup-interval health-startup-retries
    health-startup-success health-startup-timeout health-timeout hostname hostuser hosts-file image-volume init-ctr
    init-path intel-rdt-clos-id io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory label label-file link
    link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap memory-swappiness mount name
    net net-alias network network-alias oom-score-adj os passwd-entry personality pid pidfile pids-limit platform pod
    pod-id-file preserve-fd preserve-fds publish pull rdt-class requires restart retry retry-delay runtime
    sdnotify seccomp-policy secret security-opt shm-size shm-size-systemd signature-policy stop-signal stop-timeout
    storage-opt subgidname subuidname sysctl systemd timeout tmpfs tz uidmap ulimit umask unsetenv user userns uts
    variant volume volume-driver volumes-from workdir
"""
# What Remuda does by itself, or what has no effect on what the engine does.
_OURS_TEXT: Final = """
    attach cgroupns cgroups cidfile conmon-pidfile detach detach-keys disable-content-trust expose hostname init
    init-path interactive label label-file log-driver log-opt no-healthcheck passwd pidfile pull quiet replace restart
    rm rmi sdnotify sig-proxy stop-signal stop-timeout timeout tty
"""
SWITCHES: Final = frozenset(_SWITCHES_TEXT.split())
"""Options without a value."""

WITH_VALUE: Final = frozenset(_WITH_VALUE_TEXT.split())
"""Options with one."""

_OURS: Final = frozenset(_OURS_TEXT.split())
_NAMES: Final = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}
_HARDENED: Final = {"cap-drop": {"all", "ALL"}, "security-opt": {"no-new-privileges", "no-new-privileges:true"}}
"""What Remuda gives every container."""

_GLOBAL_WITH_VALUE: Final = frozenset({"--context", "-c", "--host", "-H", "--log-level", "-l", "--config", "--root"})


@dataclass(frozen=True, slots=True)
class Started:
    """A container and the program that starts it."""

    runtime: Literal["docker", "podman"]
    run: ContainerRun


def read(words: Sequence[str]) -> Started | None:
    """The container that a command line starts, None if it starts none; raises SpecError for one that is not read.

    The words are in the language of the fleet file, and so are the container's.
    """
    bare = deque(unwrapped(_without_sudo(words)).words)
    program = PurePosixPath(bare.popleft()).name if bare else ""
    if program not in PROGRAMS or not _is_run(bare):
        return None
    options = _Options()
    while bare and bare[0].startswith("-") and bare[0] != "-":
        word = bare.popleft()
        if word == "--":
            break
        options.take(word, bare)
    if not bare:
        raise SpecError(f"cannot read the line: expected an image after the options of `{program} run`")
    return Started("docker" if program == "docker" else "podman", options.run(bare.popleft(), tuple(bare)))


def split_image(reference: str) -> tuple[str, str | None, str | None]:
    """An image's name, tag and digest."""
    name, _, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return head, tag, digest or None
    return name, None, digest or None


def _without_sudo(words: Sequence[str]) -> Sequence[str]:
    if not words or words[0] != "sudo":
        return words
    rest = deque(words[1:])
    while rest and rest[0].startswith("-"):
        if rest.popleft() in ("-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T") and rest:
            rest.popleft()
    return tuple(rest)


def _is_run(words: deque[str]) -> bool:
    """Whether the command is `run`, which is taken off."""
    while words and words[0].startswith("-"):
        if words.popleft() in _GLOBAL_WITH_VALUE and words:
            words.popleft()
    if words and words[0] == "container":
        words.popleft()
    return bool(words) and words.popleft() in ("run", "create")


@dataclass(slots=True)
class _Options:
    """The options of one line, each with its values in their order."""

    values: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def take(self, word: str, rest: deque[str]) -> None:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            self.one(name, value if equals else None, rest)
            return
        letters = word[1:]
        while letters:
            name, letters = _SHORT.get(letters[0], letters[0]), letters[1:]
            if name in SWITCHES:
                is_set, letters = (letters[1:], "") if letters.startswith("=") else ("true", letters)
                self.one(name, is_set, rest)
            else:
                self.one(name, letters.removeprefix("=") if letters else None, rest)
                return

    def one(self, name: str, value: str | None, rest: deque[str]) -> None:
        name = _NAMES.get(name, name)
        if name in SWITCHES:
            value = value or "true"
        elif name not in WITH_VALUE:
            dashes = "-" if len(name) == 1 else "--"
            message = f"cannot read the line: `{dashes}{name}` is no option of docker's or podman's that is known"
            raise SpecError(message, hint="remove it, and add what it means to the model by hand")
        elif value is None:
            if not rest:
                raise SpecError(f"cannot read the line: expected a value after `--{name}`")
            value = rest.popleft()
        self.values.setdefault(name, []).append(value)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self.values.pop(name, ()))

    def last(self, name: str) -> str | None:
        return (self.all(name) or (None,))[-1]

    def run(self, image: str, argv: tuple[str, ...]) -> ContainerRun:
        name, tag, digest = split_image(image.removeprefix("docker://"))
        entrypoint = self.last("entrypoint")
        mounted = [self.mount(text) for text in self.all("mount")]
        self.last("runtime")  # NVIDIA's, which is chosen by `devices`
        return ContainerRun(
            image=name,
            tag=tag,
            digest=digest,
            entrypoint=None if entrypoint is None else (entrypoint,) if entrypoint else (),
            argv=argv,
            environment=dict(_variable(text) for text in self.all("env")),
            environment_files=self.all("env-file"),
            volumes=(*self.all("volume"), *(volume for volume in mounted if volume)),
            devices=self.all("device"),
            gpus=self.last("gpus"),
            shm_size=self.last("shm-size"),
            memory=self.last("memory"),
            cpus=self.last("cpus"),
            ipc=self.last("ipc"),
            network=self.last("network"),
            ports=self.all("publish"),
            name=self.last("name"),
            workdir=self.last("workdir"),
            user=self.last("user"),
            unknown=(*self.unknown, *self.left_out()),
        )

    def left_out(self) -> list[str]:
        return [
            f"`--{name}{'' if name in SWITCHES else '=' + ','.join(values)}` is left out: a model has no key for it"
            for name, values in self.values.items()
            if name not in _OURS and not set(values) <= _HARDENED.get(name, set())
        ]

    def mount(self, text: str) -> str | None:
        """A bind mount or a volume in the short form; None for what has none."""
        parts = dict(_pair(part) for part in text.split(","))
        source = parts.get("source", parts.get("src"))
        target = parts.get("target", parts.get("destination", parts.get("dst")))
        if parts.get("type", "volume") not in ("bind", "volume") or not source or not target:
            self.unknown.append(f"`--mount={text}` is left out: `volumes` has no form for it")
            return None
        is_read_only = parts.get("readonly", parts.get("ro", "false")) in ("", "true", "1")
        return f"{source}:{target}{':ro' if is_read_only else ''}"


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), value


def _variable(text: str) -> tuple[str, str | None]:
    """`NAME=value`, or a name whose value comes from outside."""
    name, equals, value = text.partition("=")
    return name, value if equals else None
