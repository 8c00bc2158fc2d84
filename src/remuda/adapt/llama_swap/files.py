"""A file, or the files of a directory, as one tree."""

from __future__ import annotations

from typing import Final

from remuda.adapt.contract import Source
from remuda.adapt.llama_swap import variables
from remuda.adapt.llama_swap.merge import merged
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import Node, Place, empty, tree
from remuda.spec.document import decode, load
from remuda.spec.nodes import MalformedError

MAX_BYTES: Final = 2**20
"""Size of all files: 500 models have about 150 KiB."""

MAX_LINES: Final = 40_000
"""Lines and items of a file, which take time to read: 500 models have about 6,000."""


def configuration(source: Source, said: Said) -> Node:
    """The tree; what cannot be read is said, and left out."""
    content = source.files.read(source.path)
    if content is not None:
        return _tree(content, str(source.path), source, said)
    names = [name for name in source.files.names(source.path) if name.endswith((".yml", ".yaml"))]
    if not names:
        message = f"cannot read `{source.path}`: expected a file, or a directory with files that end in `.yaml`"
        said.refuse(Place(str(source.path)), message)
    whole, left = empty(str(source.path)), MAX_BYTES
    for name in sorted(names):
        path = source.path / name
        content = source.files.read(path) or b""
        left -= len(content)
        if left < 0:
            said.refuse(Place(str(path)), f"`{source.path}` is larger than {MAX_BYTES // 2**10} KiB")
            break
        if not _is_empty(content):
            whole = merged(whole, _tree(content, str(path), source, said), said)
    return whole


def _tree(content: bytes, file: str, source: Source, said: Said) -> Node:
    if len(content) > MAX_BYTES:
        said.refuse(Place(file), f"`{file}` is larger than {MAX_BYTES // 2**10} KiB")
        return empty(file)
    if content.count(b"\n") + content.count(b",") > MAX_LINES:
        said.refuse(Place(file), f"`{file}` is larger than {MAX_LINES} lines and items")
        return empty(file)
    try:
        text = variables.marked(decode(content))
    except MalformedError as error:
        said.add(file, error.problem)
        return empty(file)
    document = load(text, file)
    for problem in document.problems:
        said.add(file, problem)
    return tree(document, source.environment)


def _is_empty(content: bytes) -> bool:
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in content.splitlines())
