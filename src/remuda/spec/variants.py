"""The variants file: which vLLM packages are built, of what, and for which cards and processors.

A line is one vLLM with its pins; its packages are all combinations of its Pythons, CUDA toolkits and the instruction
sets of each capability. Whether a combination can work is decided by `remuda.plan.variants`, from what is known of the
field; here are only the shape of the file and the form of its values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, PlainValidator, ValidationError, WithJsonSchema

from remuda.errors import Problem, SpecError
from remuda.spec.check import in_order
from remuda.spec.document import Document, Path, load
from remuda.spec.form import QUOTE, FormError, label, shown
from remuda.spec.problems import problems_of
from remuda.spec.values import SECTION, Count, Text

_VERSION: Final = r"\d{1,4}(\.\d{1,6}){1,3}(\.post\d{1,3})?"
_SHORT: Final = r"\d{1,2}\.\d{1,2}"
_REVISION: Final = "[0-9a-f]{40}"
_HASH: Final = "sha256-[A-Za-z0-9+/]{43}=|[0-9abcdfghijklmnpqrsvwxyz]{52}"
_ONE: Final = "write at least one"
_NAME: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_TAG: Final = "[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}"


def _form(pattern: str, expected: str) -> Callable[[object], str]:
    form = re.compile(pattern, re.ASCII)

    def parse(value: object) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise FormError(f"must be text, not {shown(value)}", hint=QUOTE)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise FormError(f"must be {expected}, not {shown(value)}")
        return value

    return parse


def parse_hash(value: object) -> str | None:
    """A hash as Nix writes it, or None where nobody knows it yet."""
    return None if value is None else _form(_HASH, "a hash of Nix (`sha256-…=`)")(value)


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})


parse_version: Final = _form(_VERSION, "a release such as `0.14.1`")
parse_short: Final = _form(_SHORT, "a number such as `12.9`")
parse_revision: Final = _form(_REVISION, "a whole revision of nixpkgs: 40 hexadecimal digits")

Version = Annotated[str, PlainValidator(parse_version), _text(_VERSION)]
Short = Annotated[str, PlainValidator(parse_short), _text(_SHORT)]
Revision = Annotated[str, PlainValidator(parse_revision), _text(_REVISION)]
Hash = Annotated[str, PlainValidator(_form(_HASH, "a hash of Nix (`sha256-…=`)")), _text(_HASH)]
OpenHash = Annotated[
    str | None, PlainValidator(parse_hash), WithJsonSchema({"type": ["string", "null"], "pattern": f"^({_HASH})$"})
]
Tag = Annotated[str, PlainValidator(_form(_TAG, "a tag of the repository, such as `v0.14.1`")), _text(_TAG)]
LineName = Annotated[str, PlainValidator(_form(_NAME, "letters, digits and `._-`")), _text(_NAME)]
Isas = Annotated[tuple[Text, ...], Field(strict=False)]
Shorts = Annotated[tuple[Short, ...], Field(strict=False)]
Platforms = Annotated[tuple[Literal["x86_64-linux", "aarch64-linux"], ...], Field(strict=False)]


class Build(BaseModel):
    """The machine that builds."""

    model_config = SECTION

    memory_gb: Count = Field(default=16, description="Its memory; an nvcc job takes up to 8 GB of it.")
    cores: Count = Field(default=8, description="Its processor cores, which are the limit of jobs.")
    builds: Count = Field(default=1, description="How many packages are built at the same time.")


class Source(BaseModel):
    """A vLLM that is not the one of nixpkgs."""

    model_config = SECTION

    tag: Tag = Field(description="The tag in vllm-project/vllm.", examples=["v0.14.1"])
    hash: Hash = Field(description="The hash of that source, as fetchFromGitHub wants it.")


class Line(BaseModel):
    """One vLLM: its pins, and what packages of it are built for."""

    model_config = SECTION

    about: Text | None = Field(default=None, description="Where the line comes from, or what it is for.")
    vllm: Version = Field(description="The release.", examples=["0.14.1"])
    source: Source | None = Field(default=None, description="Its source, where nixpkgs has another release.")
    nixpkgs: Revision = Field(description="The revision of nixpkgs; its hash is under `pins`.")
    torch: Version | None = Field(default=None, description="The torch of that nixpkgs.")
    python: Shorts = Field(description="Pythons.", examples=[["3.12"]])
    cuda: Shorts = Field(description="CUDA toolkits, which that nixpkgs has.", examples=[["12.9", "12.8"]])
    platforms: Platforms = Field(
        default=("x86_64-linux", "aarch64-linux"), description="Machines that packages are built for."
    )
    disk_gb: Count | None = Field(default=None, description="What one build takes on disk.")
    capabilities: Mapping[Short, Isas] = Field(
        description="Compute capabilities, each with the instruction sets of the processors beside the cards; "
        "`x86_64` and `aarch64` are the plain ones, with the torch of nixpkgs.",
        examples=[{"9.0": ["avx512", "armv9"]}],
    )
    without: Mapping[Short, Text] = Field(default={}, description="Capabilities that were left out, and why.")
    allow: Annotated[tuple[Short, ...], Field(strict=False)] = Field(
        default=(), description="Capabilities that are built although vLLM has no kernels for them.", examples=[["6.1"]]
    )


class Variants(BaseModel):
    """The whole file."""

    model_config = SECTION

    build: Build = Field(default_factory=Build, description="The machine that builds.")
    pins: Mapping[Revision, OpenHash] = Field(
        default={}, description="The hash of the archive of each revision of nixpkgs; `null` while it is not known."
    )
    lines: Mapping[LineName, Line] = Field(default={}, description="The lines, by their names.")


def read(text: str | bytes, file: str) -> tuple[Variants, Document]:
    """The variants of a text; raises SpecError with all problems. `file` is the name used in messages."""
    document = load(text, file, first="lines")
    if document.problems and not document.data:
        raise _error(file, document.problems)
    try:
        variants = Variants.model_validate(document.data)
    except ValidationError as error:
        raise _error(file, (*document.problems, *problems_of(error, document, _section_of))) from None
    problems = (*document.problems, *_rules(variants, document))
    if problems:
        raise _error(file, problems)
    return variants, document


def _error(file: str, problems: tuple[Problem, ...]) -> SpecError:
    found = in_order(problems)
    count = f"{len(found)} problems" if len(found) > 1 else "1 problem"
    return SpecError(f"cannot use `{file}`: {count}", file=file, problems=found)


def _section_of(path: Path, document: Document) -> type[BaseModel] | None:
    del document
    match path:
        case ():
            return Variants
        case ("build",):
            return Build
        case ("lines", _):
            return Line
        case ("lines", _, "source"):
            return Source
    return None


def _rules(variants: Variants, document: Document) -> Iterator[Problem]:
    """What keys mean together."""
    if not variants.lines:
        yield document.problem_of_key(("lines",), "there are no lines", hint="add one under `lines`")
    for name, line in variants.lines.items():
        lists = [("python",), ("cuda",), ("platforms",), *(("capabilities", number) for number in line.capabilities)]
        for path in lists:
            values = document.find(("lines", name, *path))
            yield from _of_list(values, ("lines", name, *path), document)
        if not line.capabilities:
            yield document.problem(("lines", name, "capabilities"), f"`lines.{name}.capabilities` is empty", hint=_ONE)
        for number in line.allow:
            if number not in line.capabilities:
                message = f"`lines.{name}.allow` has `{number}`, which is no capability of the line"
                yield document.problem(("lines", name, "allow"), message, hint="add it to `capabilities`")


def _of_list(values: object, path: Path, document: Document) -> Iterator[Problem]:
    if values == []:
        yield document.problem(path, f"{label(path)} is empty", hint=_ONE)
    elif isinstance(values, list) and len(set(values)) < len(values):
        yield document.problem(path, f"{label(path)} names one twice", hint="remove one of the two")
