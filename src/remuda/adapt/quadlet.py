"""Reads podman's Quadlet: `.container` files that run a known engine become models.

A unit's keys are those of `podman run` in other words, so they are put back into these, and `remuda.adapt.run_line`
reads them with `PodmanArgs=` among them. A directory gives all its units. What only systemd does with a unit (order,
restarts, limits of the service) has no key in a model: Remuda orders and restarts engines itself.

Specifiers of systemd are not filled in, but for `%h`, which is the home of whoever would run the unit.

Source: podman-systemd.unit(5) of podman 5.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt import around, naming, run_line
from remuda.adapt.container import ContainerRun, model_of
from remuda.adapt.contract import Adapted, Remark, Source
from remuda.errors import Position, Problem, SpecError
from remuda.quoting import systemd, unit_file
from remuda.quoting.unit_file import Setting
from remuda.spec.document import Path, decode
from remuda.spec.nodes import MalformedError
from remuda.spec.reference import literal
from remuda.spec.values import UNIT_PATTERN

NAME: Final = "quadlet"
SUMMARY: Final = "podman's `.container` units, one or a directory of them"

MAX_BYTES: Final = 128 * 1024
"""The size of a unit; those that hold a script have a few KiB."""

_SUFFIX: Final = ".container"
_SECTION: Final = "Container"
_SPLIT: Final = {"Environment": "env", "EnvironmentFile": "env-file", "AddDevice": "device"}
"""Keys whose value is one or more words, each an option of `podman run`."""

_WHOLE: Final = {"PublishPort": "publish", "ShmSize": "shm-size", "ContainerName": "name", "User": "user"}
_WHOLE_TOO: Final = {"WorkingDir": "workdir", "Network": "network", "Mount": "mount"}
_OPTIONS: Final = {**_WHOLE, **_WHOLE_TOO}
_READ: Final = frozenset(
    {
        *(*_SPLIT, *_OPTIONS, "Image", "Entrypoint", "Exec", "Volume", "Secret", "PodmanArgs", "HealthCmd"),
    }
)
_NO_EFFECT: Final = frozenset(
    {
        *(
            "Pull",
            "AutoUpdate",
            "Notify",
            "RunInit",
            "NoNewPrivileges",
            "DropCapability",
            "Ulimit",
            "GroupAdd",
            "Tmpfs",
        ),
        *("HealthInterval", "HealthStartPeriod", "HealthTimeout", "HealthRetries", "HealthOnFailure", "StopTimeout"),
        *("StopSignal", "SecurityLabelDisable", "ServiceName", "Timezone", "LogDriver", "ExposeHostPort"),
    }
)
"""Keys that say what Remuda does anyhow, or change nothing that is served."""

_SECRET: Final = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.:@-]*)(?P<options>(?:,[a-z]+=[^,]*)*)")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def adapt(source: Source) -> Adapted:
    """The models of all units."""
    reading = _Reading(source)
    for path in _units(source):
        reading.unit(path)
    return reading.done()


def _units(source: Source) -> tuple[PurePosixPath, ...]:
    names = source.files.names(source.path)
    found = tuple(source.path / name for name in names if name.endswith(_SUFFIX))
    return found or (source.path,)


@dataclass(slots=True)
class _Reading:
    """The models found so far, and what there is to say of their units."""

    source: Source
    models: dict[str, Any] = field(default_factory=dict)
    notes: dict[Path, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    ports: around.Ports = field(default_factory=around.Ports)

    def unit(self, path: PurePosixPath) -> None:
        content = self.source.files.read(path)
        if content is None:
            self._say(path, Problem("cannot read the file: there is none, or it may not be read"))
            return
        if len(content) > MAX_BYTES:
            self._say(
                path, Problem(f"cannot read a unit of more than {MAX_BYTES // 1024} KiB", position=Position(1, 1))
            )
            return
        if self.source.only and path.stem not in self.source.only:
            return
        try:
            self._model(_Unit(path, self.source, unit_file.read(decode(content), "podman")))
        except MalformedError as error:
            self._say(path, error.problem)
        except SpecError as error:
            for problem in error.problems or (Problem(error.message, hint=error.hint),):
                self._say(path, replace(problem, position=problem.position or Position(1, 1)))

    def done(self) -> Adapted:
        if not self.models and not any(remark.problem.severity == "error" for remark in self.remarks):
            self._say(self.source.path, Problem("there is no unit of a known engine: expected `.container` files"))
        return Adapted({"models": self.models} if self.models else {}, self.notes, tuple(self.remarks))

    def _model(self, unit: _Unit) -> None:
        words = unit.words()
        found = model_of(unit.run(words), "podman")
        self._say_all(unit, found.remarks)
        if found.entry is None:
            self._say_all(unit, unit.problems)
            return
        first, *others = naming.names(found.entry, found.served_names, unit.path.stem)
        model_id = naming.free(first, self.models)
        entry = unit.completed(dict(found.entry), model_id)
        self._say_all(unit, unit.problems)
        if others:
            entry["aliases"] = others
        if note := self.ports.settle(entry):
            self.notes["models", model_id] = note
        self.models[model_id] = entry
        self.notes |= {("models", model_id, *path): note for path, note in found.notes.items() if path[0] in entry}

    def _say_all(self, unit: _Unit, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._say(unit.path, replace(problem, path=(), position=problem.position or unit.at("Image")))

    def _say(self, path: PurePosixPath, problem: Problem) -> None:
        self.remarks.append(Remark(str(path), problem))


@dataclass(slots=True)
class _Unit:
    """One `.container` file on its way into the words of `podman run`."""

    path: PurePosixPath
    source: Source
    settings: tuple[Setting, ...]
    problems: list[Problem] = field(default_factory=list)

    def words(self) -> tuple[str, ...]:
        """The options, the image and the command; raises SpecError with all that cannot be read."""
        if "@" in self.path.stem or not self._every("Image"):
            what = "a template of units" if "@" in self.path.stem else "without an `Image=`"
            raise SpecError(f"cannot read `{self.path.name}`: it is {what}")
        self._account()
        options = [word for key in (*_SPLIT, *_OPTIONS, "Volume", "PodmanArgs") for word in self._option(key)]
        argv = self._read("Exec", _words)
        return ("podman", "run", *options, self._image(), *argv)

    def run(self, words: Sequence[str]) -> ContainerRun:
        """The container, its secrets as references."""
        started = run_line.read(tuple(map(literal, words)))
        if started is None:
            raise SpecError(f"cannot read `{self.path.name}`")
        environment = {**dict(self._named(started.run.environment)), **dict(self._secrets())}
        found = replace(started.run, environment=environment, name=None)
        return replace(found, entrypoint=self._entrypoint()) if self._every("Entrypoint") else found

    def _named(self, environment: Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
        for name, value in environment.items():
            if _VARIABLE.fullmatch(name):
                yield name, value
            else:
                message = f"the variable `{name}` is left out: a name has letters, digits and `_`"
                self.problems.append(Problem(message, position=self.at("Environment"), severity="warning"))

    def completed(self, entry: dict[str, Any], model_id: str) -> dict[str, Any]:
        """The entry with what stands beside the container."""
        shm = self._every("ShmSize")
        if shm and around.size(shm[-1].value) is None:
            self._warn(shm[-1], f"`ShmSize={shm[-1].value}` is left out: expected a size, as `16g`")
            entry.pop("shm_size", None)
        entry = around.without_given(entry)
        if unit := self._name(entry["engine"], model_id):
            entry["unit"] = unit
        check = self._every("HealthCmd")
        path = around.health_path(check[-1].value) if check else None
        if path is not None and path != around.own_health_path(entry["engine"]):
            entry["ready"] = path
        return entry

    def at(self, key: str) -> Position:
        """Where a key is; the beginning of the file where it is not."""
        found = [setting.line for setting in self.settings if setting.key == key]
        return Position(found[-1] if found else 1, 1)

    def _name(self, engine: str, model_id: str) -> str | None:
        """The unit's name, where it is not the one that the model would have anyhow."""
        container = [setting.value for setting in self._every("ContainerName")]
        name = container[-1] if container else self.path.stem
        if name in (model_id, f"{engine}-{model_id}") or not re.fullmatch(UNIT_PATTERN, name):
            return naming.unit(model_id, {"runtime": "podman"})
        return name.removeprefix(f"{engine}-") or None

    def _every(self, key: str) -> list[Setting]:
        """The settings of a key that count: an empty one takes back all before it."""
        found: list[Setting] = []
        for setting in self.settings:
            if (setting.section, setting.key) == (_SECTION, key):
                if setting.value:
                    found.append(setting)
                else:
                    found.clear()
        return found

    def _read(self, key: str, read: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
        words: list[str] = []
        for setting in self._every(key):
            try:
                words += read(self._at_home(setting.value))
            except SpecError as error:
                problem = Problem(error.message, position=Position(setting.line, 1), hint=error.hint)
                raise SpecError(error.message, problems=[problem]) from None
        return tuple(words)

    def _at_home(self, value: str) -> str:
        home = self.source.environment.get("HOME")
        return re.sub(r"%%|%h", lambda match: home if match[0] == "%h" and home else match[0], value)

    def _option(self, key: str) -> Iterator[str]:
        if key in _SPLIT:
            for word in self._read(key, _words):
                yield from (f"--{_SPLIT[key]}", self._on_host(word, key))
        elif key == "PodmanArgs":
            yield from self._read(key, _words)
        elif key == "Volume":
            yield from (f"--volume={self._volume(word)}" for word in self._read(key, _line))
        else:
            found = [word for word in self._read(key, _line) if not word.endswith((".network", ".pod"))]
            yield from (f"--{_OPTIONS[key]}={word}" for word in (found if key != "ShmSize" else found[-1:]))

    def _on_host(self, word: str, key: str) -> str:
        is_relative = key == "EnvironmentFile" and not word.startswith("/")
        return self._beside(word) if is_relative else word

    def _volume(self, volume: str) -> str:
        source, colon, rest = volume.partition(":")
        if source.endswith(".volume"):
            return self._named_volume(source) + colon + rest
        return (self._beside(source) if source.startswith(".") else source) + colon + rest

    def _beside(self, path: str) -> str:
        """A path that begins where the unit is."""
        return posixpath.normpath(self.source.directory / path) if self.source.directory else path

    def _named_volume(self, unit: str) -> str:
        """The name that podman gives to the volume of a `.volume` unit."""
        content = self.source.files.read(self.path.parent / unit)
        settings = unit_file.read(decode(content), "podman") if content is not None else ()
        return unit_file.last(settings, "Volume", "VolumeName") or f"systemd-{unit.removesuffix('.volume')}"

    def _image(self) -> str:
        image = self._read("Image", _line)[-1]
        if image.endswith((".image", ".build")):
            raise SpecError(f"cannot read `{self.path.name}`: its image comes of the unit `{image}`")
        return image

    def _secrets(self) -> Iterator[tuple[str, str]]:
        for setting in self._every("Secret"):
            match = _SECRET.fullmatch(setting.value)
            options = dict(pair.split("=", 1) for pair in match["options"].split(",")[1:]) if match else {}
            target = options.get("target", match["name"] if match else "")
            if match and options.get("type") == "env" and _VARIABLE.fullmatch(target):
                yield target, f"${{cred:{match['name']}}}"
            else:
                self._warn(setting, f"the secret `{setting.value}` is left out: only those in variables are taken over")

    def _entrypoint(self) -> tuple[str, ...]:
        """The program: a list in JSON, or one word."""
        text = self._read("Entrypoint", _line)[-1]
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        words = found if isinstance(found, list) and all(isinstance(word, str) for word in found) else [text]
        return tuple(map(literal, words))

    def _account(self) -> None:
        """Say of every key that is not taken over that it is not."""
        for setting in self.settings:
            if setting.section in ("Pod", "Kube", "Volume") or setting.key == "Pod":
                self._warn(setting, f"`{setting.key}={setting.value}` is left out: a model is a container by itself")
            elif setting.section == _SECTION and setting.key not in _READ | _NO_EFFECT:
                self._warn(setting, f"`{setting.key}=` is left out: a model has no word for it")
            elif setting.section == "Service" and setting.key.startswith(("Exec", "Environment")):
                self._warn(setting, f"`{setting.key}=` of the service is left out: only its container is taken over")

    def _warn(self, setting: Setting, message: str) -> None:
        self.problems.append(Problem(message, position=Position(setting.line, 1), severity="warning"))


def _words(value: str) -> tuple[str, ...]:
    return tuple(map(systemd.literal, systemd.split(value, "podman")))


def _line(value: str) -> tuple[str, ...]:
    return (systemd.literal(value),)
