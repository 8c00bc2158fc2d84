"""What else could be done where the answer is no: each of them known to work, with its limits."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.knowledge import flags, rocm
from remuda.knowledge.builds import Build, find
from remuda.knowledge.release import release as numbered
from remuda.plan.verdict.abilities import quantization, triton
from remuda.plan.verdict.candidate import NAMES, Candidate, newest, rows
from remuda.plan.verdict.code import TITLES, in_words
from remuda.plan.verdict.drivers import runs_line
from remuda.plan.verdict.judge import NOTHING, judge
from remuda.plan.verdict.needs import Needs
from remuda.plan.verdict.reason import Alternative
from remuda.plan.verdict.target import Target

_COMMON = ("awq", "gptq", "fp8", "compressed-tensors", "bitsandbytes")


def alternatives(engine: str, target: Target, needs: Needs = NOTHING) -> tuple[Alternative, ...]:
    """What else could be done for an engine on a device, the least change first."""
    return (
        *_quantizations(engine, target, needs),
        *_releases(engine, target, needs),
        *_overrides(engine, target),
        *_community(engine, target),
        *_source(engine, target),
        *_engines(engine, target),
    )


def _releases(engine: str, target: Target, needs: Needs) -> Iterator[Alternative]:
    """The newest official build that runs there, if there is one."""
    for release in _known(engine):
        for row in rows(engine, release, platform=target.platform, machine=target.machine):
            if row.artefact not in {"image", "wheel", "release"}:
                continue
            what = _name(row, release)
            candidate = Candidate(engine=engine, artefact=row.artefact, what=what, release=release, rows=(row,))
            if judge(candidate, target, needs).state == "yes":
                yield Alternative(kind="release", message=what, note=row.note, source=row.source)
                return


def _engines(engine: str, target: Target) -> Iterator[Alternative]:
    """Engines of the llama.cpp family run on almost anything, with weights of their own."""
    for other in ("llama-cpp", "ollama") if engine in {"vllm", "sglang"} else ():
        release = newest(other) or ""
        for row in rows(other, release, platform=None, machine=target.machine):
            fits = row.platform in {target.platform, "vulkan"}
            candidate = Candidate(engine=other, artefact=row.artefact, what="", release=release, rows=(row,))
            if fits and row.artefact not in {"documented", "fast"} and judge(candidate, target).state == "yes":
                by = " by Vulkan" if row.platform == "vulkan" else ""
                message = f"{NAMES[other]} {release}{by}, with weights in GGUF"
                yield Alternative(kind="engine", message=message, source=row.source)
                break


def _known(engine: str) -> Iterator[str]:
    """The releases of an engine, the newest first; where they were not harvested, the last of each range."""
    table = flags.table(engine)
    if table:
        yield from reversed(table.releases)
        return
    ends = {row.versions.last or row.versions.first or () for row in find(engine)}
    yield from (".".join(map(str, end)) for end in sorted(ends, reverse=True) if end)


def _name(row: Build, release: str) -> str:
    if row.image and row.engine == "vllm":
        return f"{row.image}:v{release}{row.suffix or ''}"
    toolkit = f" with {TITLES[row.platform]} {in_words(row.toolkit)}" if row.toolkit else ""
    aim = " for the CPU" if row.platform == "cpu" else ""
    return f"the {row.artefact} of {NAMES.get(row.engine, row.engine)} {release}{aim}{toolkit}"


def _overrides(engine: str, target: Target) -> Iterator[Alternative]:
    """A value of HSA_OVERRIDE_GFX_VERSION with which the newest official build runs the code of a near target."""
    row = rocm.gfx(target.code) if target.platform == "rocm" and target.code else None
    release = newest(engine)
    if row is None or row.override is None or release is None:
        return
    for build in rows(engine, release, platform="rocm", machine=target.machine):
        if build.artefact not in {"image", "release"}:
            continue
        near = next((each for each in build.targets or () if rocm.override_of(each) == row.override), None)
        if near:
            failing = f"; {', '.join(row.overrides_failing)} is known to fail" if row.overrides_failing else ""
            message = f"HSA_OVERRIDE_GFX_VERSION={row.override} with {_name(build, release)}, to run its {near} code"
            yield Alternative(kind="override", message=message, note=f"no promise of AMD's{failing}", source=row.source)
            return


def _community(engine: str, target: Target) -> Iterator[Alternative]:
    for row in find(engine, target.platform, artefact="community"):
        if target.code and row.serves(target.code):
            image = f", image {row.image}" if row.image else ""
            message = f"{row.project}, {NAMES[engine]} {in_words(row.versions)}{image}"
            yield Alternative(kind="community", message=message, note=row.note, source=row.source)


def _source(engine: str, target: Target) -> Iterator[Alternative]:
    """A build of one's own, if the build system knows the card and so does what it needs at run time."""
    release = newest(engine)
    if release is None or target.code is None or target.platform == "cpu":
        return
    jit = triton(release, target) if engine == "vllm" else None
    for row in rows(engine, release, "source", platform=target.platform, machine=target.machine):
        is_run = row.platform != "cuda" or runs_line(row.toolkit, target.driver)
        if is_run and row.serves(target.code) and (jit is None or jit.state != "no"):
            toolkit = f" with {TITLES[row.platform]} {in_words(row.toolkit)}" if row.toolkit else ""
            message = f"a build of one's own from the source of {NAMES[engine]} {release} for {target.code}{toolkit}"
            yield Alternative(kind="source", message=message, note=row.note, source=row.source)
            return


def _quantizations(engine: str, target: Target, needs: Needs) -> Iterator[Alternative]:
    """Where a quantisation is what is in the way: those that the newest release takes on the card."""
    asked = needs.quantization or (None if needs.is_format_hint else needs.hint)
    release = newest(engine)
    if engine != "vllm" or asked is None or release is None or target.platform != "cuda" or numbered(release) is None:
        return
    if not any(reason.state == "no" for reason in quantization(asked, release, target)):
        return
    fine = [name for name in _COMMON if all(each.state == "yes" for each in quantization(name, release, target))]
    if fine:
        message = f"weights in another quantisation: {', '.join(fine)}"
        yield Alternative(kind="quantization", message=message, source="the release's own sources")
