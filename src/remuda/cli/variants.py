"""`remuda variants`: the build matrix of vLLM packages, from data instead of a file kept by hand for each.

Its verbs are here; what they print is in `variants_report`. Nothing is built and no network
is used: files are written, and somebody else's Nix builds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import click

from remuda.cli import fleet_file, output, variants_file
from remuda.cli.variants_file import file_option, force_option, json_option, line_option
from remuda.errors import SpecError, UnsatisfiableError

if TYPE_CHECKING:
    from remuda.cli.variants_file import Loaded
    from remuda.edge.rendered import Written
    from remuda.facts.host import Host
    from remuda.plan.variants.matrix import Variant
    from remuda.spec.variants import Variants


class _Machine(TypedDict):
    """The machine that builds, where it is not the one of the file."""

    memory_gb: int | None
    cores: int | None
    builds: int | None


class _Writing(TypedDict):
    """Where files are written, and what of them."""

    directory: Path
    fake_hash: bool
    force: bool
    as_json: bool


class _New(TypedDict):
    """What belongs to something new, and where the files are that change with it."""

    directory: Path | None
    isas: tuple[str, ...]
    nixpkgs: str | None
    pin_hash: str | None
    torch: str | None
    pythons: tuple[str, ...]
    name: str | None


_AT_LEAST_ONE: Final = click.IntRange(min=1)
_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


@click.group("variants")
def command() -> None:
    """Keep the packages of vLLM for each card, processor, CUDA and release in one file.

    Lines, each a vLLM with its pins and what it is built for, are in `variants.yaml`; without one, those that Remuda
    brings along are meant. Combinations that cannot work are left out, with the reason.
    """


@command.command("list")
@file_option
@line_option
@force_option
@click.option("--memory-gb", type=_AT_LEAST_ONE, metavar="N", help="Memory of the machine that builds.")
@click.option("--cores", type=_AT_LEAST_ONE, metavar="N", help="Its processor cores.")
@click.option("--builds", type=_AT_LEAST_ONE, metavar="N", help="How many packages are built at once.")
@json_option
def list_(
    file: Path | None, lines: tuple[str, ...], *, force: bool, as_json: bool, **machine: Unpack[_Machine]
) -> None:
    """List the variants.

    With what each needs, how many jobs may build it, and what was left out for which reason.
    """
    from remuda.cli import variants_report  # noqa: PLC0415
    from remuda.plan.variants.jobs import jobs  # noqa: PLC0415

    loaded = variants_file.load(file)
    build = loaded.variants.build.model_copy(update={key: value for key, value in machine.items() if value})
    found = _variants(loaded, loaded.chosen(lines))
    wanted = [each for each in found if each.is_wanted(force=force)]
    left_out = [each for each in found if not each.is_wanted(force=force)]
    variants_report.listed(wanted, left_out, jobs(build), as_json=as_json)


@command.command("render")
@file_option
@line_option
@click.option("-o", "--output", "directory", metavar="DIR", required=True, type=_DIRECTORY, help="Where to write.")
@click.option("--fake-hash", is_flag=True, help="Write zeros for a hash that is not known; Nix will tell it.")
@click.option("--force", is_flag=True, help="Also variants without kernels, and over files that were edited.")
@json_option
def render_(file: Path | None, lines: tuple[str, ...], **writing: Unpack[_Writing]) -> None:
    """Write a Nix expression for each variant.

    To DIR, with a page that has the table of them. With one line the files are in DIR itself, which may be
    `.flox/pkgs`, otherwise in a folder for each. What an earlier line left there is removed.
    """
    from remuda.cli import variants_report  # noqa: PLC0415

    loaded, directory = variants_file.load(file), writing["directory"]
    chosen = loaded.chosen(lines)
    done = _write(loaded, chosen, directory, force=writing["force"], fake_hash=writing["fake_hash"])
    variants_report.written(done, directory, as_json=writing["as_json"])


@command.command("add")
@click.argument("kind", type=click.Choice(["cuda", "vllm", "sm"]))
@click.argument("version", metavar="VERSION")
@file_option
@line_option
@click.option("--isa", "isas", multiple=True, metavar="ISA", help="With sm: for this instruction set; may be repeated.")
@click.option("--nixpkgs", metavar="REVISION", help="With vllm: the revision of nixpkgs that has it.")
@click.option("--hash", "pin_hash", metavar="HASH", help="With vllm: the hash of that revision's archive.")
@click.option("--torch", metavar="VERSION", help="With vllm: the torch of that nixpkgs.")
@click.option("--python", "pythons", multiple=True, metavar="VERSION", help="With vllm: its Python; may be repeated.")
@click.option("--name", metavar="LINE", help="With vllm: the name of the new line.")
@click.option("-o", "--output", "directory", metavar="DIR", type=_DIRECTORY, help="Write the line's files as well.")
@json_option
def add_(
    kind: str, version: str, file: Path | None, lines: tuple[str, ...], *, as_json: bool, **new: Unpack[_New]
) -> None:
    """Add a CUDA toolkit, a vLLM or a capability.

    `add cuda 13.0` and `add sm 12.1` change the line with the newest vLLM, or those of `--line`; `add vllm 0.20.0
    --nixpkgs REVISION` makes a new line with its matrix, or with that of the one `--line`. The file is changed in
    place, with its comments; without one, `./variants.yaml` is made. What is gained is told.
    """
    from remuda.cli import variants_report  # noqa: PLC0415
    from remuda.edge.user_file import write  # noqa: PLC0415
    from remuda.plan.variants.additions import gains, newest  # noqa: PLC0415

    _refuse_unused(kind, new)
    if kind == "vllm" and len(lines) > 1:
        raise SpecError("cannot make one line like several", hint="name one with `--line`")
    if new["directory"] and as_json:
        raise SpecError(
            "cannot tell of the files as JSON", hint="leave out `-o`, and write them with `variants render`"
        )
    if file == fleet_file.STDIN:
        raise SpecError("cannot add to standard input", hint="name a file with `-f FILE`")
    loaded = variants_file.load(file)
    target = loaded.path or Path(variants_file.NAME)
    chosen = loaded.chosen(lines) if lines else (newest(loaded.variants),)
    text = _added(loaded, kind, version, chosen, new)
    after = variants_file.read(text, target)
    write(target, text)
    found = gains(loaded.variants, after.variants)
    variants_report.gained(found, target, as_json=as_json)
    if new["directory"]:
        done = _write(after, tuple(gain.line for gain in found), new["directory"], force=False, fake_hash=False)
        variants_report.written(done, new["directory"], as_json=False)


@command.command("pick")
@file_option
@line_option
@click.option("--facts", type=fleet_file.PATH, metavar="FILE", help="For the machine of this file, not this one.")
@json_option
def pick_(file: Path | None, lines: tuple[str, ...], facts: Path | None, *, as_json: bool) -> None:
    """Say which variant this machine needs.

    And why not the others. The exit code is 3 if a card has none.
    """
    from remuda.cli import variants_report  # noqa: PLC0415
    from remuda.plan.variants.pick import pick  # noqa: PLC0415

    loaded = variants_file.load(file)
    choices = pick(_variants(loaded, loaded.chosen(lines)), _host(facts))
    variants_report.picked(choices, as_json=as_json)
    if not choices:
        raise UnsatisfiableError("there is no card of NVIDIA's for a variant", hint="look at `remuda doctor`")
    if missing := [choice for choice in choices if choice.variant is None]:
        raise UnsatisfiableError(f"no variant is for `{missing[0].title}` ({missing[0].capability})")


@command.command("check")
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@file_option
@click.option("--memory-gb", type=_AT_LEAST_ONE, metavar="N", help="Memory of the machine that builds.")
@json_option
def check_(directory: Path, file: Path | None, memory_gb: int | None, *, as_json: bool) -> None:
    """Check a tree of variants written by hand.

    Its Nix files and the tables of its pages: wrong cards and drivers, missing hashes, combinations that cannot work,
    files that are not like the others, tables that are out of date. The exit code is 2 if there are errors.
    """
    from remuda.adapt.variants.check import check  # noqa: PLC0415
    from remuda.cli import variants_report  # noqa: PLC0415
    from remuda.edge.texts import texts  # noqa: PLC0415

    loaded = variants_file.load(file)
    known = loaded.variants
    if memory_gb:
        build = known.build.model_copy(update={"memory_gb": memory_gb})
        known = known.model_copy(update={"build": build})
    checked = check(texts(directory, {".nix", ".md"}), known)
    if not checked.variants:
        raise SpecError(f"there are no variants in `{directory}`", hint="name a directory with `vllm-*.nix` files")
    errors = variants_report.checked(checked, directory, as_json=as_json)
    if errors:
        raise SpecError(f"{errors} errors in {checked.variants} variants and the pages about them")


@command.command("diff")
@click.argument("first", metavar="LINE")
@click.argument("second", metavar="LINE")
@file_option
@force_option
@json_option
def diff_(first: str, second: str, file: Path | None, *, force: bool, as_json: bool) -> None:
    """Compare two lines.

    What the second builds that the first does not, what it does not build, and why.
    """
    from remuda.cli import variants_report  # noqa: PLC0415
    from remuda.plan.variants.compare import compare  # noqa: PLC0415

    loaded = variants_file.load(file)
    loaded.chosen((first, second))
    variants_report.compared(compare(loaded.variants, first, second, force=force), (first, second), as_json=as_json)


def _variants(loaded: Loaded, lines: tuple[str, ...]) -> list[Variant]:
    from remuda.plan.variants.matrix import variants  # noqa: PLC0415

    return [each for name in lines for each in variants(name, loaded.variants.lines[name])]


def _host(facts: Path | None) -> Host:
    if facts:
        from remuda.cli.doctor import read_facts  # noqa: PLC0415

        return read_facts(facts)
    from remuda.edge.probes.host import probe_host  # noqa: PLC0415

    return probe_host()


def _write(loaded: Loaded, lines: tuple[str, ...], directory: Path, *, force: bool, fake_hash: bool) -> Written:
    """Write the files of lines; what is worth a remark is printed. Raises UnsatisfiableError without a hash."""
    from remuda.edge.rendered import write  # noqa: PLC0415
    from remuda.render.variants.rendering import Wanted, render  # noqa: PLC0415

    rendering = render(loaded.variants, Wanted(lines, force, fake_hash))
    problems = loaded.placed(rendering.problems)
    if rendering.is_refused:
        raise UnsatisfiableError("cannot write these variants", file=loaded.label, problems=problems)
    output.remark(problems, loaded.label)
    return write(directory, "variants", rendering, force=force)


def _added(loaded: Loaded, kind: str, version: str, lines: tuple[str, ...], new: _New) -> str:
    from remuda.plan.variants import additions  # noqa: PLC0415

    file: Variants = loaded.variants
    if kind == "cuda":
        return additions.add_cuda(loaded.text, file, lines, version)
    if kind == "sm":
        return additions.add_capability(loaded.text, file, lines, version, new["isas"])
    if new["nixpkgs"] is None:
        raise SpecError(f"cannot add vLLM {version} without a nixpkgs that has it", hint="add `--nixpkgs REVISION`")
    line = additions.NewLine(
        name=new["name"] or f"vllm-{version}",
        like=lines[0],
        vllm=version,
        nixpkgs=new["nixpkgs"],
        hash=new["pin_hash"],
        torch=new["torch"],
        python=new["pythons"],
    )
    return additions.add_line(loaded.text, file, line)


def _refuse_unused(kind: str, new: _New) -> None:
    """Raises SpecError for an option of another kind, which would be dropped."""
    belongs = {"isas": ("--isa", "sm"), "nixpkgs": ("--nixpkgs", "vllm"), "pin_hash": ("--hash", "vllm")}
    belongs |= {"torch": ("--torch", "vllm"), "pythons": ("--python", "vllm"), "name": ("--name", "vllm")}
    for key, (option, owner) in belongs.items():
        if new[key] and owner != kind:  # type: ignore[literal-required]
            raise SpecError(f"cannot use `{option}` with `add {kind}`", hint=f"leave it out: it is for `add {owner}`")
