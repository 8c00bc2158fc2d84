"""What every engine module says, and in which words.

An engine is a pure module with the names of `Engine`; the table of all of them is `remuda.engines.ENGINES`. It turns an
`Order` into the argv and environment of a server program, says how readiness is seen, and reads the program's log
lines. It never looks at the machine: which program runs the engine is found out at the edge, from `programs`.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from remuda.errors import InternalError


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that runs the engine, looked up on PATH and beside the running Python."""

    name: str


@dataclass(frozen=True, slots=True)
class Module:
    """A Python module that runs the engine: `python -m run`, available where `needs` can be imported."""

    run: str
    needs: str


Program = Executable | Module


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that decides how one instance is started; secrets are already resolved in it.

    `program` is the argv prefix that the edge found for one of the engine's `programs` (or the user's `executable`).
    `settings` and `environment` are those of the engine and the model, merged. `host` and `port` are where the
    instance has to listen. `model` may be None only for the engine `command`, which has `cmd` instead. `served_name` is
    what the model is to be called in requests to the instance, None for its ID. `ready` is the path that the user named
    for the readiness check; empty when the open port is enough, None when nothing was said. `sleep`: the level at which
    the instance is going to be put to sleep. `cache_directory`: where it is going to save what it has cached.
    """

    model_id: str
    program: tuple[str, ...]
    host: str
    port: int
    model: str | None = None
    served_name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    cmd: tuple[str, ...] | None = None
    ready: str | None = None
    sleep: int | None = None
    cache_directory: str | None = None

    @property
    def name(self) -> str:
        """What the engine is to call the model."""
        return self.served_name or self.model_id

    @property
    def weights(self) -> str:
        """The model, for an engine that cannot start without one; InternalError when there is none."""
        if self.model is None:
            raise InternalError(f"cannot start `{self.model_id}`: it was ordered without a model")
        return self.model


@dataclass(frozen=True, slots=True)
class Launch:
    """What to execute; `environment` is added to the environment that the runtime gives."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """How to see that an instance can serve: a GET of `path` answers 200; with no path, its port accepts."""

    path: str | None

    @classmethod
    def of(cls, order: Order, path: str) -> Readiness:
        """The path that the user named, else the engine's own."""
        return cls(path if order.ready is None else order.ready or None)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a running engine, a JSON body included; it has been done when the engine answers 200."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Sleep:
    """How an engine is put to sleep and woken at one level: calls in their order. It must have no requests.

    `look` answers whether it sleeps, as a boolean in the member `member` of a JSON object.
    """

    fall_asleep: tuple[Call, ...]
    wake_up: tuple[Call, ...]
    look: Call
    member: str


@dataclass(frozen=True, slots=True)
class SlotCache:
    """How an engine saves what its slots have cached to files of its cache directory, and restores it.

    `look` answers a JSON list of the slots, each with its `id`. `save` and `restore` are paths with `{slot}` in them.
    `setting` names the directory on its command line.
    """

    setting: str
    look: Call
    save: str
    restore: str

    def saving(self, slot: int, file: str) -> Call:
        """Save a slot's cache to the file."""
        return Call("POST", self.save.format(slot=slot), json.dumps({"filename": file}).encode())

    def restoring(self, slot: int, file: str) -> Call:
        """Restore a slot's cache from the file."""
        return Call("POST", self.restore.format(slot=slot), json.dumps({"filename": file}).encode())


class FailureKind(enum.StrEnum):
    """Why an instance did not come up or did not stay up."""

    OUT_OF_MEMORY = "out_of_memory"
    BAD_FLAG = "bad_flag"
    MISSING_WEIGHTS = "missing_weights"
    PORT_TAKEN = "port_taken"
    ILLEGAL_INSTRUCTION = "illegal_instruction"
    DRIVER_LOST = "driver_lost"
    NOT_INSTALLED = "not_installed"
    UNREACHABLE = "unreachable"
    STALLED = "stalled"
    KILLED = "killed"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an instance failed, with the last lines of its log."""

    kind: FailureKind
    message: str
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """A log line that shows the engine is getting on with its start; `fraction` is 0..1 where the line tells."""

    text: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A log line that tells why the engine will fail."""

    kind: FailureKind
    text: str


Signal = Progress | Trouble


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a command line spells settings (see `remuda.engines.flags`).

    `false`: what `false` renders: `negate` gives `--no-key`, `drop` nothing.
    `lists`: `spread` gives `--key a b`, `repeat` gives `--key a --key b`, `comma` gives `--key a,b`.
    `join`: `space` gives two words, `equals` gives `--key=value`, `dash` gives two words unless the value begins with a
    dash, which a parser like Python's argparse would take for a flag.
    `floats`: `exact` is the shortest text that reads back the same, `six` has six digits after the point.
    `objects`: `json` is compact JSON, `refuse` an error.
    `short`: keys of more than one letter that take one dash. A key of one letter always does.
    `positive`: switches that have no `--no-key`, so that `false` renders nothing.
    `refuses`: why the engine takes no settings at all; None when it does.
    """

    false: Literal["negate", "drop"] = "negate"
    lists: Literal["spread", "repeat", "comma"] = "spread"
    join: Literal["space", "equals", "dash"] = "space"
    floats: Literal["exact", "six"] = "exact"
    objects: Literal["json", "refuse"] = "json"
    short: frozenset[str] = frozenset()
    positive: frozenset[str] = frozenset()
    refuses: str | None = None


class Engine(Protocol):
    """The names of an engine module."""

    @property
    def NAME(self) -> str:
        """The name that the fleet file uses."""
        ...

    @property
    def PROGRAMS(self) -> tuple[Program, ...]:
        """What can run this engine, best first; empty when the user's `cmd` does."""
        ...

    @property
    def INSTALL(self) -> str:
        """The command that installs the engine."""
        ...

    @property
    def DIALECT(self) -> Dialect:
        """How the engine's command line spells values."""
        ...

    @property
    def MANAGED(self) -> Mapping[str, str]:
        """Flags that Remuda sets itself, each with what to write in the fleet file instead."""
        ...

    @property
    def STOP_SIGNAL(self) -> int:
        """The signal that asks the engine to end."""
        ...

    @property
    def STOP_GRACE_S(self) -> float:
        """How long an idle engine may take to end after that signal."""
        ...

    @property
    def VERSION(self) -> tuple[str, str] | None:
        """Where a running engine tells its version: a path to GET, and a JSON pointer into the answer."""
        ...

    @property
    def METRICS(self) -> str | None:
        """The path of its metrics in Prometheus' format."""
        ...

    @property
    def HAS_TIMINGS(self) -> bool:
        """Whether its responses hold llama.cpp's `timings`."""
        ...

    @property
    def SLEEP(self) -> Mapping[int, Sleep]:
        """How it sleeps, by level; empty for an engine that cannot."""
        ...

    @property
    def SLEEPER_PATHS(self) -> tuple[str, ...]:
        """What clients may reach of an engine that can be put to sleep over HTTP: paths, or beginnings that end in `/`.

        Nobody but the daemon is to change its state.
        """
        ...

    @property
    def SLOT_CACHE(self) -> SlotCache | None:
        """How it saves and restores what it has cached; None for an engine that cannot."""
        ...

    def launch(self, order: Order) -> Launch:
        """The argv and environment of one instance."""
        ...

    def readiness(self, order: Order) -> Readiness:
        """How to see that the instance can serve."""
        ...

    def served_name(self, order: Order) -> str | None:
        """The `model` that the instance expects in a request; None when it accepts any."""
        ...

    def context_length(self, settings: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:
        """How many tokens one request may have, as far as the flags tell; None where the model decides."""
        ...

    def capabilities(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """What the model can do as far as the flags tell, in the words of `remuda.spec.model.Capability`."""
        ...

    def apis(self, version: str | None) -> frozenset[str]:
        """The paths beyond OpenAI's chat, completions and embeddings that the engine serves itself, and well.

        `version` is what it tells of itself; None when that is not known. A path that it serves in part (without tools,
        or without a stream) is not among them.
        """
        ...

    def read_line(self, line: str) -> Signal | None:
        """What a line of the engine's log means; None when it means nothing to us."""
        ...


def first_trouble(engine: Engine, lines: Sequence[str]) -> Trouble | None:
    """The first line of trouble in a log tail: later ones are usually its consequences."""
    for line in lines:
        signal = engine.read_line(line)
        if isinstance(signal, Trouble):
            return signal
    return None
