#!/usr/bin/env python3
"""Writes what each release of an engine knows, flags and environment variables, from the releases' own sources.

    tools/harvest_flags.py vllm FOLDER        # a folder that holds the source of each release, named by its version
    tools/harvest_flags.py llama-cpp FOLDER   # the same, named `b8942`
    tools/harvest_flags.py llama-cpp --git REPOSITORY --tags b4500 b5000

The source distributions of vLLM that Python's package index has will do, unpacked; for the releases without one
(0.15.0, 0.15.1), the wheel. What was read is printed; the result is written to src/remuda/knowledge/data/, where
`remuda.knowledge.flags` reads it.

Nothing is imported or run. vLLM's Python is parsed: literal `add_argument` calls, and the dataclasses that it makes
flags of (`get_kwargs`), whose boolean fields also have a `--no-…` form. llama.cpp's C++ is matched by its regular
shape, `add_opt(common_arg({names}, …).set_examples(…).set_env(…))`. Choices, types and defaults are not harvested.

Checked against a real parser: of vLLM 0.32.0, whose `serve` has 428 flags besides `--help`, all were found, and no
other but `-O`, which is translated before the parser sees it.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

DATA = Path(__file__).resolve().parent.parent / "src" / "remuda" / "knowledge" / "data"


class Source(Protocol):
    """The files of one release."""

    def text(self, path: str) -> str | None:
        """The text of a file, None if there is none."""

    def modules(self, folder: str) -> Iterator[str]:
        """The texts of all Python modules below a folder."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A release that lies unpacked in a folder."""

    root: Path

    def text(self, path: str) -> str | None:
        """See `Source`."""
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def modules(self, folder: str) -> Iterator[str]:
        """See `Source`."""
        for file in sorted((self.root / folder).rglob("*.py")):
            yield file.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class GitTag:
    """A release that is a tag of a git repository."""

    repository: Path
    tag: str

    def text(self, path: str) -> str | None:
        """See `Source`."""
        shown = self._git("show", f"{self.tag}:{path}")
        return shown.stdout if shown.returncode == 0 else None

    def modules(self, folder: str) -> Iterator[str]:
        """See `Source`."""
        for path in self._git("ls-tree", "-r", "--name-only", self.tag, folder).stdout.splitlines():
            if path.endswith(".py"):
                yield self.text(path) or ""

    def _git(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self.repository), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What one release knows: flags as the command line has them, environment variables, and vLLM's quantisations.

    A capability is a quantisation and the lowest compute capability that its class asks for: `awq=75`.
    """

    flags: frozenset[str]
    variables: frozenset[str]
    quantizations: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()


# vLLM

ENGINE_ARGUMENTS = "vllm/engine/arg_utils.py"
SERVE_COMMAND = "vllm/entrypoints/cli/serve.py"
SERVER_ARGUMENTS = (  # it moved twice
    "vllm/entrypoints/common/cli_args.py",
    "vllm/entrypoints/launchers/cli_args.py",
    "vllm/entrypoints/openai/cli_args.py",
)
SERVER_CLASS = "FrontendArgs"
VARIABLES = "vllm/envs.py"
QUANTIZATIONS = "vllm/model_executor/layers/quantization"
PARSERS = ("vllm/utils/argparse_utils.py", "vllm/utils/__init__.py", "vllm/utils.py")
_READ = re.compile(r"""(?:getenv|environ(?:\.get)?|env_with_choices)[(\[]\s*["'](VLLM_[A-Z0-9_]+)["']""")

Fields = Mapping[str, ast.expr]


def vllm(source: Source) -> Known:
    """What one release of vLLM knows."""
    classes = {cls.name: cls for text in _configuration(source) for cls in _classes(ast.parse(text))}
    flags: set[str] = set()
    for path in (ENGINE_ARGUMENTS, SERVE_COMMAND):
        tree = ast.parse(_needed(source, path))
        flags.update(_literal_flags(tree, classes))
    server = ast.parse(_needed(source, *SERVER_ARGUMENTS))
    flags.update(_literal_flags(server, classes))
    flags.update(_flags_of_fields(server))
    if any('startswith("-O")' in (source.text(path) or "").replace("'", '"') for path in PARSERS):
        flags.add("-O")  # no argument any more, but translated before they are parsed
    return Known(
        frozenset(flags),
        frozenset(_variables(source)),
        frozenset(_quantizations(source)),
        frozenset(_capabilities(source)),
    )


def _configuration(source: Source) -> Iterator[str]:
    """The modules of the configuration, which was one file up to 0.9."""
    one = source.text("vllm/config.py")
    if one is not None:
        yield one
    yield from source.modules("vllm/config")


def _needed(source: Source, *paths: str) -> str:
    for path in paths:
        text = source.text(path)
        if text is not None:
            return text
    raise SystemExit(f"cannot harvest {source}: expected {' or '.join(paths)}")


def _classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _fields(cls: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> dict[str, ast.expr]:
    """The annotated fields of a class and of the classes that it derives from."""
    found: dict[str, ast.expr] = {}
    for base in cls.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found.update(_fields(classes[base.id], classes))
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.annotation
    return found


def _is_boolean(annotation: ast.expr) -> bool:
    """Whether a field becomes a flag with a `--no-…` form; a flag that also takes a text has none."""
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    return "bool" in names and "str" not in names


def _flags_of_fields(server: ast.Module) -> Iterator[str]:
    """The fields of the server's class, each of which is a flag since 0.10."""
    classes = {cls.name: cls for cls in _classes(server)}
    if SERVER_CLASS not in classes:
        return
    for name, annotation in _fields(classes[SERVER_CLASS], classes).items():
        word = name.replace("_", "-")
        yield f"--{word}"
        if _is_boolean(annotation):
            yield f"--no-{word}"


def _literal_flags(tree: ast.Module, classes: Mapping[str, ast.ClassDef]) -> Iterator[str]:
    """What `add_argument` is called with."""
    fields = _fields_by_variable(tree, classes)
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument"):
            continue
        words = list(_words(call, tree))
        yield from words
        if _has_negation(call, fields):
            yield from (f"--no-{word.removeprefix('--')}" for word in words if word.startswith("--"))


def _words(call: ast.Call, tree: ast.Module) -> Iterator[str]:
    """The names of a flag; those of a positional argument are none."""
    for argument in call.args:
        match argument:
            case ast.Constant(value=str(word)):
                if word.startswith("-"):
                    yield word
            case ast.Name(id=name):
                looped = list(_looped(name, tree))
                if not looped:
                    raise SystemExit(f"cannot tell which flags `{name}` stands for in line {argument.lineno}")
                yield from looped


def _looped(name: str, tree: ast.Module) -> Iterator[str]:
    """The flags that a variable goes through: `for arg, type in flags`, where `flags = [("--a", str), …]`."""
    lists = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.List)
    }
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and name in {node.id for node in _names(loop.target)}:
            over = lists.get(loop.iter.id, loop.iter) if isinstance(loop.iter, ast.Name) else loop.iter
            yield from (word for word in map(_constant, _expressions(over)) if word and word.startswith("--"))


def _names(node: ast.AST) -> Iterator[ast.Name]:
    yield from (child for child in ast.walk(node) if isinstance(child, ast.Name))


def _fields_by_variable(tree: ast.Module, classes: Mapping[str, ast.ClassDef]) -> dict[str, Fields]:
    """`model_kwargs = get_kwargs(ModelConfig)`: the fields that are behind the name `model_kwargs`."""
    found: dict[str, Fields] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="get_kwargs"), args=[ast.Name(id=of), *_])
            ) if of in classes:
                found[name] = _fields(classes[of], classes)
    return found


def _has_negation(call: ast.Call, fields: Mapping[str, Fields]) -> bool:
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg="action", value=ast.Attribute(attr="BooleanOptionalAction")):
                return True
            case ast.keyword(arg=None, value=value):
                return any(_is_boolean(annotation) for annotation in _annotations(value, fields))
    return False


def _annotations(value: ast.expr, fields: Mapping[str, Fields]) -> Iterator[ast.expr]:
    """The field that `model_kwargs["dtype"]` stands for, also in `{**model_kwargs["dtype"], "default": None}`."""
    match value:
        case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(field))):
            if field in fields.get(variable, {}):
                yield fields[variable][field]
        case ast.Dict(keys=keys, values=values):
            for key, part in zip(keys, values, strict=True):
                if key is None:
                    yield from _annotations(part, fields)


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _variables(source: Source) -> Iterator[str]:
    """The keys of the table in envs.py, and what other modules read by themselves."""
    for node in ast.walk(ast.parse(_needed(source, VARIABLES))):
        if isinstance(node, ast.Dict):
            keys = (_constant(key) for key in node.keys if key is not None)
            yield from (key for key in keys if key is not None and key.startswith("VLLM_"))
    for text in source.modules("vllm"):
        yield from _READ.findall(text)


def _quantizations(source: Source) -> Iterator[str]:
    """The values of `--quantization`: a list up to 0.8.4, a literal type since."""
    for node in ast.parse(_needed(source, f"{QUANTIZATIONS}/__init__.py")).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ) if name.upper().replace("METHODS", "_METHODS").replace("__", "_") == "QUANTIZATION_METHODS" and value:
                yield from (word for word in map(_constant, _expressions(value)) if word)


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    yield from (child for child in ast.walk(node) if isinstance(child, ast.expr))


def _capabilities(source: Source) -> Iterator[str]:
    """The classes of quantisations that say both their name and the capability that they need."""
    for text in source.modules(QUANTIZATIONS):
        for cls in _classes(ast.parse(text)):
            name, capability = (_returned(cls, method) for method in ("get_name", "get_min_capability"))
            if isinstance(name, str) and isinstance(capability, int):
                yield f"{name}={capability}"


def _returned(cls: ast.ClassDef, method: str) -> object:
    """The constant that a method returns, None if it returns something else."""
    for node in cls.body:
        if isinstance(node, ast.FunctionDef) and node.name == method:
            match node.body[-1]:
                case ast.Return(value=ast.Constant(value=value)):
                    return value
    return None


# llama.cpp

_OPTION = re.compile(r"add_opt\(common_arg\(\s*\{(?P<names>[^}]*)\}\s*,(?:\s*\{(?P<negations>[^}]*)\}\s*,)?")
_WORD = re.compile(r'"(-[^"]+)"')
_EXAMPLES = re.compile(r"set_examples\(\{([^}]*)\}\)")
_VARIABLE = re.compile(r'set_env\("([A-Z0-9_]+)"\)')
_REMOVED = "arg_removed("  # such an option only says what to use instead, and fails
_OF_A_SERVER = ("LLAMA_EXAMPLE_SERVER", "LLAMA_EXAMPLE_COMMON")


def llama_cpp(source: Source) -> Known:
    """What `llama-server` of one build knows."""
    text = _needed(source, "common/arg.cpp", "thirdparty/llama.cpp/common/arg.cpp")
    starts = list(_OPTION.finditer(text))
    ends = [*(match.start() for match in starts[1:]), len(text)]
    flags: set[str] = set()
    variables: set[str] = set()
    for match, end in zip(starts, ends, strict=True):
        rest = text[match.end() : end]
        examples = _EXAMPLES.search(rest)
        is_of_others = examples and not any(name in examples[1] for name in _OF_A_SERVER)
        if is_of_others or _REMOVED in rest:
            continue
        flags.update(_WORD.findall(match["names"] + (match["negations"] or "")))
        variables.update(_VARIABLE.findall(rest))
    if not flags:
        raise SystemExit(f"cannot harvest {source}: expected options in common/arg.cpp")
    return Known(frozenset(flags), frozenset(variables))


# Spans

HARVESTS = {"vllm": vllm, "llama-cpp": llama_cpp}


def order(version: str) -> tuple[int, ...]:
    """`0.8.5.post1` after `0.8.5`; `b999` before `b1000`."""
    return tuple(map(int, re.findall(r"\d+", version)))


def spans(known: Sequence[frozenset[str]], versions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every name with the releases that know it: `0.8.0..0.14.1 0.16.0..`, open if the newest one does."""
    for name in sorted(frozenset[str]().union(*known)):
        parts: list[str] = []
        for index, version in enumerate(versions):
            if name not in known[index]:
                continue
            if index == 0 or name not in known[index - 1]:
                parts.append(f"{version}..")
            if index + 1 < len(versions) and name not in known[index + 1]:
                parts[-1] += version
        yield name, " ".join(parts)


def lines(engine: str, harvested: Mapping[str, Known]) -> Iterator[str]:
    """The lines of the data file."""
    versions = sorted(harvested, key=order)
    yield f"# The flags and environment variables of {engine}, by release: written by tools/harvest_flags.py."
    yield "releases " + " ".join(versions)
    kinds = {"flag": "flags", "variable": "variables", "quantization": "quantizations", "capability": "capabilities"}
    for kind, attribute in kinds.items():
        known = [getattr(harvested[version], attribute) for version in versions]
        yield from (f"{kind} {name} {where}" for name, where in spans(known, versions))


def sources(options: argparse.Namespace) -> Iterator[tuple[str, Source]]:
    """The releases to be read."""
    if options.folder is not None:
        for folder in options.folder.iterdir():
            yield folder.name, Folder(folder)
    for tag in options.tags:
        yield tag.removeprefix("v"), GitTag(options.git, tag)


def main(words: Iterable[str]) -> None:
    """Harvest and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=sorted(HARVESTS))
    parser.add_argument("folder", type=Path, nargs="?", help="holds a folder for each release")
    parser.add_argument("--git", type=Path, metavar="REPOSITORY")
    parser.add_argument("--tags", nargs="+", default=(), metavar="TAG", help="tags of REPOSITORY")
    options = parser.parse_args(list(words))
    harvested = {version: HARVESTS[options.engine](source) for version, source in sources(options)}
    for version in sorted(harvested, key=order):
        known = harvested[version]
        print(f"{version}: {len(known.flags)} flags, {len(known.variables)} variables")
    text = "\n".join(lines(options.engine, harvested)) + "\n"
    (DATA / f"flags-{options.engine}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
