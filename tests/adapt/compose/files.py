"""Files in memory, as an adapter is given them."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from remuda.adapt.compose.project import Project, project
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.contract import Source

COMPOSE = PurePosixPath("compose.yaml")


class Files:
    def __init__(self, contents: Mapping[str, str | bytes]) -> None:
        self.contents = {
            PurePosixPath(name): text.encode() if isinstance(text, str) else text for name, text in contents.items()
        }

    def read(self, path: PurePosixPath) -> bytes | None:
        return self.contents.get(path)

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in self.contents if path.parent == directory))


def source(text: str | bytes, environment: Mapping[str, str] = {}, **others: str) -> Source:
    """A compose file; `others` are beside it, with `__` for `/` and `_dot_` for a dot in their names."""
    named = {name.replace("__", "/").replace("_dot_", "."): content for name, content in others.items()}
    return Source(COMPOSE, Files({str(COMPOSE): text, **named}), PurePosixPath("/srv/models"), environment)


def opened(text: str, environment: Mapping[str, str] = {}, **others: str) -> Project:
    return project(source(text, environment, **others))


def service(text: str, environment: Mapping[str, str] = {}, **others: str) -> tuple[Value, Report]:
    """The first service of a file, and what was said of it."""
    found, report = opened(text, environment, **others), Report()
    report.extend(tuple(found.report))
    return found.service(found.services[0], report), report


def said(report: Report) -> list[str]:
    return [
        f"{remark.file}:{remark.problem.position.line if remark.problem.position else 0}: {remark.problem.message}"
        for remark in report
    ]


def write(directory: Path, contents: Mapping[str, str]) -> Path:
    for name, text in contents.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8", newline="")
    return directory / "compose.yaml"


def plain(value: Value) -> object:
    """A value without its places."""
    if isinstance(value.data, tuple):
        return [plain(item) for item in value.data]
    if value.pairs:
        return {key: plain(item) for key, item in value.pairs.items()}
    return value.data
