"""A script for a container's shell → the steps before an engine, and the engine's own words.

Recipes start engines by `sh -c 'pip install x; exec vllm serve …'`. What comes before the last command is kept as it is
written, as `steps`; the last command is read as words where everything in it is known: its variables have to come from
the container's environment, and nothing before it may change them. A script that cannot be taken apart that way is
None, and stays whole.

Only its outline is understood (quotes, here-documents, compounds, what separates commands); nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt.marks import Marks
from remuda.errors import SpecError
from remuda.quoting import shell

SHELLS: Final = frozenset({"sh", "bash", "dash", "ash"})
_DEEPEST: Final = 40
_OPTIONS: Final = re.compile(r"-[a-z]*c")
_OPENING: Final = {
    "if": "fi",
    "for": "done",
    "while": "done",
    "until": "done",
    "select": "done",
    "case": "esac",
    "{": "}",
}
_GOES_ON: Final = frozenset({"then", "else", "elif", "do", "!", "{", "if", "while", "until"})
_PIECE: Final = re.compile(
    r"""(?P<comment>(?<![^\s;&|()])\#[^\n]*)|(?P<here><<-?[ \t]*(?P<quote>['"]?)(?P<end>[A-Za-z0-9_]+)(?P=quote))"""
    r"""|(?P<blank>(?:[ \t]|\\\n)+)|(?P<single>'[^']*')|(?P<escaped>\\.)|(?P<operator>&&|\|\||;;|<<<|[;&|\n()])"""
    r"""|(?P<open>\$\(|[`"])|(?P<other>[^\s'"\\;&|()`$\#<]+|.)""",
    re.DOTALL,
)
_BASH_ONLY: Final = re.compile(
    r"\[\[|(?:^|\s)source\s|<<<|\(\(|\$'|&>|\w=\(|(?:^|\s)function\s|\bpipefail\b|\bmapfile\b"
)
_LASTS: Final = re.compile(r"(?:^|[\s;&(])(?:export\b|cd\b|umask\b|ulimit\b|\.\s|source\b|[A-Za-z_]\w*=)")
_EXPANSION: Final = (
    r"""\\.|(?P<every>"\$@")|(?P<quote>")|\$(?P<number>\d)"""
    r"""|\$(?:(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<default>:?-[^{}$`"']*)?\})|(?P<computed>\$[({$!?#@*-]|`)"""
)
_OUTSIDE_QUOTES: Final = re.compile(rf"'[^']*'|{_EXPANSION}", re.DOTALL)
_IN_QUOTES: Final = re.compile(_EXPANSION, re.DOTALL)


@dataclass(frozen=True, slots=True)
class Script:
    """What a script does: its steps, and the words of the command that comes last."""

    steps: tuple[str, ...]
    argv: tuple[str, ...]


@dataclass(slots=True)
class Command:
    """A command of a script, and what separates it from the next; `?` if it has no end.

    A simple one has no parts that a shell would run beside it. `start`: where its line begins, in characters.
    """

    text: str = ""
    separator: str = ""
    is_simple: bool = True
    start: int = 0


def split(argv: Sequence[str], environment: Mapping[str, str | None]) -> Script | None:
    """The parts of `sh -c SCRIPT …`; None where the words are none, or the script is not understood.

    All words and variables are in the language of the fleet file; the words that come out are too.
    """
    found = _script(argv)
    if found is None:
        return None
    shell_name, options, at = found
    marks = Marks()
    variables = {name: None if text is None else marks.raw(text) for name, text in environment.items()}
    parameters = [marks.raw(word) for word in argv[at + 1 :]]
    found_commands = list(commands(marks.raw(argv[at])))
    if not found_commands or not found_commands[-1].is_simple or found_commands[-1].separator == "?":
        return None
    steps = _steps(found_commands, stops="e" in options, is_bash=shell_name == "bash")
    if steps is None or any(map(marks.has_reference, steps)):
        return None
    last = expanded(found_commands[-1].text, variables, parameters, "\n".join(steps))
    try:
        words = shell.split(last) if last is not None else ()
    except SpecError:
        return None
    return Script(steps, tuple(map(marks.text, words))) if words else None


def _script(argv: Sequence[str]) -> tuple[str, str, int] | None:
    """The shell, the letters of its options, and the place of the script."""
    if not argv or (name := PurePosixPath(argv[0]).name) not in SHELLS:
        return None
    letters = ""
    for at, word in enumerate(argv[1:], 1):
        if not word.startswith("-"):
            return None
        letters += word.lstrip("-")
        if _OPTIONS.fullmatch(word):
            return (name, letters, at + 1) if at + 1 < len(argv) else None
    return None


@dataclass(slots=True)
class _Scan:
    """Where a scanner of a script is: open compounds, and whether a command may begin here."""

    closing: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    may_begin: bool = True


def commands(text: str) -> Iterator[Command]:
    """The commands of the outermost level; one whose separator is `?` if the text has no end where it ends."""
    scan, command, place = _Scan(), Command(), 0
    while place < len(text):
        match = _PIECE.match(text, place)
        if match is None:
            break
        end = _end(text, match)
        if end is None:
            yield Command(text[command.start :], "?", start=command.start)
            return
        if match.lastgroup == "operator" and not scan.closing and match[0] in ("&&", ";", "\n"):
            end = _past_documents(text, match.end(), scan) if match[0] == "\n" else end
            command.text += text[place:end] if end > match.end() else ""
            if command.text.strip():
                command.separator = match[0]
                yield command
            command, scan.may_begin = Command(start=end), True
        elif not match["comment"]:
            if match["operator"] == "\n":
                end = _past_documents(text, match.end(), scan)
            command.text += text[place:end]
            _step_on(scan, command, match)
        place = end
    if command.text.strip():
        command.separator = "?" if scan.closing or scan.ends else ""
        yield command


def _step_on(scan: _Scan, command: Command, match: re.Match[str]) -> None:
    word = match[0]
    if match["here"]:
        scan.ends.append(match["end"])
        command.is_simple = False
    if match["operator"]:
        command.is_simple = False
        scan.may_begin = True
        if word == "(":
            scan.closing.append(")")
        elif word == ")" and scan.closing and scan.closing[-1] == ")":
            scan.closing.pop()
    elif not match["blank"]:
        if scan.may_begin and scan.closing and word == scan.closing[-1]:
            scan.closing.pop()
        elif scan.may_begin and word in _OPENING:
            scan.closing.append(_OPENING[word])
            command.is_simple = False
        scan.may_begin = scan.may_begin and word in _GOES_ON


def _end(text: str, match: re.Match[str], depth: int = 0) -> int | None:
    """Where a piece ends: behind a substitution or double quotes, whatever is nested in them; None if it does not."""
    opened = match["open"]
    if not opened or depth > _DEEPEST:
        return None if opened or match[0] == "'" else match.end()
    place, close = match.end(), {"$(": ")", "`": "`", '"': '"'}[opened]
    parentheses = 0
    while place < len(text):
        inner = _PIECE.match(text, place)
        if inner is None:
            return None
        if opened == '"' and inner["single"]:
            place += 1
        elif inner[0] == close and not parentheses:
            return inner.end()
        elif inner["open"] and not (opened == '"' and inner[0] == '"'):
            nested = _end(text, inner, depth + 1)
            if nested is None:
                return None
            place = nested
        else:
            parentheses += {"(": 1, ")": -1}.get(inner[0], 0) if opened == "$(" else 0
            place = inner.end() if opened != '"' or inner["escaped"] else place + 1
    return None


def _past_documents(text: str, place: int, scan: _Scan) -> int:
    """Behind the here-documents that begin on the line that has ended; they stay open if they have no end."""
    while scan.ends:
        found = re.compile(rf"^\t*{re.escape(scan.ends[0])}$\n?", re.MULTILINE).search(text, place)
        if found is None:
            return len(text)
        scan.ends.pop(0)
        place = found.end()
    return place


def _steps(commands: Sequence[Command], *, stops: bool, is_bash: bool) -> tuple[str, ...] | None:
    """What comes before the last command, under `set -e`, as steps run; None if only bash could run it."""
    before = list(commands[:-1])
    pipes = any("|" in command.text for command in before)
    texts: list[str] = []
    while before and (letters := _set(before[0].text)) is not None:
        stops = stops or "e" in letters
        rest = "".join(letter for letter in letters if letter in "ux")
        texts += [f"set -{rest}"] if rest else []
        if "pipefail" in before[0].text and pipes:
            texts.append("set -o pipefail")
        del before[0]
    guards: list[str] = []
    while before and before[-1].separator == "&&":
        guards.insert(0, before.pop().text.strip())
    if any("||" in guard for guard in guards):  # binds no less than `&&`, so that they cannot be parted
        guards = [f"{{ {' && '.join(guards)}\n}} || exit"]
    elif before and not stops:
        guards = [f"{guard} || exit" for guard in guards]
    if before and not stops:
        texts.append("set +e")
    texts += [*_chains(before), *guards]
    if not is_bash or not any(map(_BASH_ONLY.search, texts)):
        return tuple(texts)
    if any(map(_LASTS.search, texts)):
        return None
    return (f"bash -c {shell.quoted(chr(10).join(('set -e', *texts)))}",)


def _chains(commands: Sequence[Command]) -> Iterator[str]:
    """Commands that `&&` joins stay together."""
    chain = ""
    for command in commands:
        chain += command.text.strip()
        if command.separator == "&&":
            chain += " && "
        else:
            yield chain
            chain = ""


def _set(text: str) -> str | None:
    """The letters of a `set` that only switches on what is understood here; None for any other command."""
    found = re.fullmatch(r"set((?:\s+-[eux]*o\s+(?:pipefail|errexit|nounset)|\s+-[eux]+)+)", text.strip())
    if found is None:
        return None
    letters = "".join(re.findall(r"-([eux]+)", found[1]))
    return letters + ("e" if "errexit" in found[1] else "") + ("u" if "nounset" in found[1] else "")


def expanded(text: str, variables: Mapping[str, str | None], parameters: Sequence[str], before: str) -> str | None:
    """A command with its variables filled in; None where one of them is not known before it runs."""
    parts: list[str] = []
    place, in_quotes = 0, False
    while match := (_IN_QUOTES if in_quotes else _OUTSIDE_QUOTES).search(text, place):
        parts.append(text[place : match.start()])
        place = match.end()
        in_quotes = in_quotes != bool(match["quote"])
        value = _value(match, variables, parameters, before)
        if value is None:
            return None
        is_one = match["bare"] or match["name"] or match["number"]
        if is_one and re.search(r"[\s*?\[]", value) and not in_quotes:
            return None  # a shell would take it apart
        quoted = shell.quoted(value) if is_one and value else value
        parts.append(f'"{quoted}"' if is_one and value and in_quotes else quoted)
    return "".join((*parts, text[place:]))


def _value(
    match: re.Match[str], variables: Mapping[str, str | None], parameters: Sequence[str], before: str
) -> str | None:
    if match["computed"]:
        return None
    if match["every"]:
        return shell.joined(parameters[1:])
    if match["number"]:
        return parameters[int(match["number"])] if int(match["number"]) < len(parameters) else None
    name = match["bare"] or match["name"]
    if name is None:
        return match[0]
    if re.search(rf"\b{name}=|\b(?:read|export|unset)\b[^\n;&]*\b{name}\b", before):
        return None
    default = match["default"]
    if name not in variables:
        return default and default.lstrip(":")[1:]
    value = variables[name]
    return default.lstrip(":")[1:] if value == "" and default and default[0] == ":" else value
