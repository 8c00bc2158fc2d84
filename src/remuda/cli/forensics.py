"""What `remuda doctor` says of an installed engine and of a log. Nothing is decided here, only asked and printed."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from remuda.cli import output
from remuda.edge.log_file import read_end
from remuda.edge.probes import processor
from remuda.edge.probes.installation import Installation, installed_at
from remuda.edge.probes.limits import Files
from remuda.edge.probes.machine import LiveMachine
from remuda.edge.probes.trial import run
from remuda.errors import ProbeError, SpecError, UnsatisfiableError
from remuda.facts.cpu import Cpu
from remuda.plan.complaints import Complaint, complaints
from remuda.plan.examination import Diagnosis, Subject, judge, statement, subjects, told_version


def examine_engine(path: str, *, as_json: bool) -> int:
    """Say what is installed at a path, whether it can be imported, and if not, why and what to install instead.

    The exit code is 0 if all of it works, 3 if something is broken, 4 if that could not be found out.
    Raises SpecError when no engine is there.
    """
    found = installed_at(Path(path))
    engines = subjects(found.packages, found.program.name if found.program else None)
    if not engines:
        message = f"cannot examine `{found.path}`: no vLLM, SGLang, llama.cpp or PyTorch is installed there"
        raise SpecError(message, hint="name the Python or the environment that the engine is installed in")
    cpu = processor.cpu(Files(Path("/"), "processors"), LiveMachine().architecture())
    diagnoses = [_examined(subject, found, cpu) for subject in engines]
    for finding in found.findings:
        output.note(finding.message)
    if as_json:
        output.data([_engine_json(diagnosis) for diagnosis in diagnoses])
    for diagnosis in diagnoses if not as_json else ():
        _print_diagnosis(diagnosis)
    outcomes = {diagnosis.outcome for diagnosis in diagnoses}
    if "broken" in outcomes:
        return UnsatisfiableError.exit_code
    return ProbeError.exit_code if "unknown" in outcomes else 0


def examine_log(path: Path, *, as_json: bool) -> int:
    """Say what a log complains about, and what to do; `-` is standard input. The exit code is 0 whatever it is.

    Raises SpecError when it cannot be read.
    """
    end = read_end(path)
    name = "<stdin>" if path == Path("-") else str(path)
    if end.first_line > 1:
        output.note(f"{name}: only its end is read, from line {end.first_line} on")
    found = complaints(end.text, first_line=end.first_line)
    if as_json:
        output.data([{"file": name, **asdict(complaint)} for complaint in found])
    for complaint in found if not as_json else ():
        _print_complaint(complaint, name)
    if not found:
        output.note(f"{name}: nothing in it is known to be a problem")
    return 0


def _examined(subject: Subject, found: Installation, cpu: Cpu) -> Diagnosis:
    if found.program:
        trial = run((str(found.program), "--version"))
        told = subject.version or told_version(subject.name, trial)
        return judge(replace(subject, version=told), trial, cpu)
    if found.python is None:
        return judge(subject, None, cpu)
    argv = (str(found.python), "-X", "faulthandler", "-c", statement(subject))
    return judge(subject, run(argv), cpu)


def _print_diagnosis(diagnosis: Diagnosis) -> None:
    subject = diagnosis.subject
    where = f" in {subject.package.folder}" if subject.package else ""
    output.line(f"{subject.name} {subject.version or '(version not told)'}{where}: {diagnosis.outcome}")
    output.line(f"  {diagnosis.summary}")
    for reason in diagnosis.reasons:
        output.line(f"  - {reason.text}" + (f" [{reason.source}]" if reason.source else ""))
    for advice in diagnosis.advice:
        output.line(f"  hint: {advice}")


def _print_complaint(complaint: Complaint, name: str) -> None:
    times = f" ({complaint.times} times)" if complaint.times > 1 else ""
    output.line(f"{name}:{complaint.line}: {complaint.cause}{times}")
    output.line(f"  says: {complaint.text}")
    for title in ("proof", "advice", "source"):
        value = getattr(complaint, title)
        if value:
            output.line(f"  {title}: {value}")


def _engine_json(diagnosis: Diagnosis) -> dict[str, object]:
    package = diagnosis.subject.package
    return {
        "name": diagnosis.subject.name,
        "version": diagnosis.subject.version,
        "folder": package and package.folder,
        "outcome": diagnosis.outcome,
        "summary": diagnosis.summary,
        "reasons": [asdict(reason) for reason in diagnosis.reasons],
        "advice": list(diagnosis.advice),
    }
