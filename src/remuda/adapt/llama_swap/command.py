"""What a `cmd` runs: a known engine, one in a container, or any other program.

Words are turned into the language of the fleet file first, so that a variable stays a reference where that is taken.
Elsewhere (in the path of a model, say) its value is needed, and so it is for the program's name, or a variable that is
several words.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from remuda.adapt import command_line, container, run_line, script
from remuda.adapt.llama_swap import variables
from remuda.adapt.llama_swap.section import Section
from remuda.adapt.visible_gpus import ORDER, visible
from remuda.engines import ENGINES, ollama
from remuda.engines.contract import Order
from remuda.errors import Problem, SpecError
from remuda.plan.container import SHARING, SHM_BYTES
from remuda.quoting.llama_swap import MACRO, split
from remuda.spec.document import Path
from remuda.spec.reference import fill

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./${}-]+")
_REFERRING: Final = ("settings", "environment", "cmd")
_PORT: Final = "${PORT}"


@dataclass(slots=True)
class Command:
    """The keys of a model that its command line gives it.

    `name`: under which name the engine is told to serve it. `container`: that of the container, empty for one without a
    name; None where there is none.
    """

    keys: dict[str, Any]
    name: str | None = None
    container: str | None = None
    notes: dict[Path, str] = field(default_factory=dict)


def words(section: Section, key: str) -> tuple[str, ...]:
    """The words of a command, with marks; none, and said, where it cannot be split."""
    text = section.marked(key) or ""
    text = variables.later(_with_values(section, key, text))
    if not text.strip() or MACRO.search(text):  # an unknown macro has been told
        return ()
    try:
        return split(text)
    except SpecError as error:
        message = f"{section.label(key)}: {error.message}"
        section.context.said.refuse(section.node.pairs[key], message, hint=error.hint, path=section.fleet_path)
        return ()


def command(section: Section, argv: Sequence[str], port: int | None) -> Command:
    """What the words of `cmd` run; `port` is the one that llama-swap would give."""
    environment = _environment(section)
    told = [variables.referring(word) for word in _with_program(section, argv)]
    found = _contained(section, told, environment) or _native(section, told, environment)
    if found is None:
        return _any(told, environment)
    found.keys = _without_placeholder(found, port)
    return found


def _contained(section: Section, told: Sequence[str], environment: Mapping[str, str]) -> Command | None:
    """A model in a container, if what runs in it is known."""
    try:
        started = run_line.read(told)
    except SpecError as error:
        _tell(section, [Problem(f"stays a command line: {error.message}")])
        return None
    if started is None:
        return None
    run = started.run
    passed = {name: environment.get(name) if text is None else text for name, text in run.environment.items()}
    ports = tuple(text.replace(_PORT, "") for text in run.ports)
    found = container.model_of(replace(run, environment=passed, ports=ports), started.runtime)
    if found.entry is None:
        return None
    lost = [name for name in environment if name not in passed]
    _tell(section, found.remarks)
    _tell(
        section, [Problem(f"`{name}` is set for `{started.runtime}`, not for its container: left out") for name in lost]
    )
    name = found.served_names[0] if found.served_names else None
    return Command(_known(section, found.entry), name, run.name or "", dict(found.notes))


def _native(section: Section, told: Sequence[str], environment: Mapping[str, str]) -> Command | None:
    """An engine on this machine."""
    outer = script.split(told, environment)
    line = command_line.read(outer.argv if outer and not outer.steps else told, environment)
    if line is None:
        return None
    keys = line.entry()
    if line.engine == ollama.NAME:
        keys["model"] = section.text("useModelName")
    if keys.get("model") is None:
        return None
    _tell(section, line.remarks)
    name = line.served_names[0] if line.served_names else None
    return Command(_known(section, keys), name, notes=dict(line.notes))


def _any(told: Sequence[str], environment: Mapping[str, str]) -> Command:
    """Any other program."""
    rest, assigned = _assigned(told)
    seen = visible({**environment, **assigned})
    cmd = list(rest) if any("\n" in word for word in rest) else " ".join(map(_quoted, rest))
    keys = {
        "cmd": cmd,
        "devices": list(seen.devices) if seen.devices is not None else None,
        "environment": dict(seen.environment) or None,
    }
    notes: dict[Path, str] = {("devices",): seen.note} if seen.note else {}
    return Command({key: value for key, value in keys.items() if value is not None}, notes=notes)


def _environment(section: Section) -> dict[str, str]:
    found = {}
    for text, item in section.marked_texts("env"):
        name, equals, value = text.partition("=")
        if equals and _VARIABLE.fullmatch(name):
            found[name] = variables.referring(variables.later(value))
        else:
            message = f"{section.label('env')} has an entry that is not `NAME=value`: it is left out"
            section.context.said.warn(item, message, path=section.fleet_path)
    return found


def _with_values(section: Section, key: str, text: str) -> str:
    """A command with the values of those variables that are several words, as far as they are known."""
    known = section.context.environment
    for name in dict.fromkeys(variables.names(text)):
        if name in known and not _PLAIN.fullmatch(known[name]):
            message = f"{section.label(key)}: the value of `{name}` is written out, since it may be several words"
            section.context.said.warn(section.node.pairs[key], message, path=section.fleet_path)
            text = variables.with_value(text, name, known[name])
    return text


def _with_program(section: Section, argv: Sequence[str]) -> Sequence[str]:
    """The words, with the program by its name if that is known, so that its engine is."""
    known = section.context.environment
    is_known = all(name in known for name in variables.names(argv[0]))
    return [variables.filled(argv[0], known.__getitem__), *argv[1:]] if is_known else argv


def _known(section: Section, entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry without what Remuda gives the engine by itself, and with values where no references are taken."""
    bare = ENGINES[entry["engine"]].launch(Order("a", ("a",), "a", 1, model="a", cmd=("a",)))
    given = {**bare.environment, **({ORDER: "PCI_BUS_ID"} if "devices" in entry else {})}
    settings, environment = entry.get("settings", {}), entry.get("environment", {})
    keys = {
        **{key: value if key in _REFERRING else _filled(section, value) for key, value in entry.items()},
        "settings": {
            key: settings[key] for key in settings if settings[key] is not True or f"--{key}" not in bare.argv
        },
        "environment": {name: text for name, text in environment.items() if given.get(name) != text},
    }
    if entry["engine"] in SHARING and entry.get("shm_size") == SHM_BYTES:
        del keys["shm_size"]
    return {key: value for key, value in keys.items() if value != {}}


def _filled(section: Section, value: Any) -> Any:
    """A value of a key that takes no references."""
    if isinstance(value, list):
        return [_filled(section, item) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    marked = fill(value, lambda part: variables.marked(str(part).replace(":", ".", 1)))
    return section.context.resolved(marked, section.node.pairs["cmd"], section.label("cmd")) or value


def _without_placeholder(found: Command, port: int | None) -> dict[str, Any]:
    """The keys with a fixed port, where a setting or variable of an engine names it: only a command is told it."""
    keys = {key: _replaced(value, str(port)) if key in _REFERRING else value for key, value in found.keys.items()}
    if "cmd" in keys or keys == found.keys:
        return found.keys
    found.notes["port",] = "as llama-swap would give it, since a setting names it"
    return {**keys, "port": port}


def _replaced(value: Any, by: str) -> Any:
    """A value with something in place of the port, but not of a literal `$${PORT}`."""
    if isinstance(value, Mapping):
        return {key: _replaced(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, by) for item in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\$|\$\{PORT\}", lambda match: match[0] if match[0] == "$$" else by, value)


def _assigned(told: Sequence[str]) -> tuple[Sequence[str], dict[str, str]]:
    """A command without `env`, as far as that sets variables only, and the variables."""
    pairs = itertools.takewhile(_ASSIGNMENT.match, told[1:])
    found = dict(word.split("=", 1) for word in pairs) if told[0] == "env" else {}
    rest = told[1 + len(found) :]
    return (rest, found) if found and rest and not rest[0].startswith("-") else (told, {})


def _quoted(word: str) -> str:
    return word if _PLAIN.fullmatch(word) else shlex.quote(word)


def _tell(section: Section, problems: Sequence[Problem]) -> None:
    for problem in problems:
        path = (*section.fleet_path, *problem.path)
        message = f"{section.label('cmd')}: {problem.message}"
        section.context.said.warn(section.node.pairs["cmd"], message, hint=problem.hint, path=path)
