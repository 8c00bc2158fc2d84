"""How `remuda doctor` shows verdicts: a table of devices and engines, then each reason with its source."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from remuda.cli import output
from remuda.errors import SpecError
from remuda.facts.names import expand
from remuda.plan.plan import decide
from remuda.plan.verdict.fleet import Judged, judged
from remuda.plan.verdict.outlook import Outlook, outlooks
from remuda.plan.verdict.reason import Alternative, Reason, Verdict
from remuda.plan.verdict.remarks import remarks
from remuda.spec.merge import effective
from remuda.spec.nearest import suggestion
from remuda.spec.quantity import format_bytes

if TYPE_CHECKING:
    from remuda.cli.fleet_file import Loaded
    from remuda.facts.cpu import Cpu
    from remuda.facts.device import Device
    from remuda.facts.host import Host

_WIDTH = 118


def show_host(host: Host, *, as_json: bool) -> None:
    """Print what every engine can do on every device."""
    found = outlooks(host)
    if as_json:
        output.data({"remarks": list(remarks(host)), "outlooks": [_outlook_data(each) for each in found]})
        return
    for line in host_lines(host, found):
        output.line(line)


def show_model(loaded: Loaded, model_id: str, host: Host, *, as_json: bool) -> bool:
    """Print the verdicts on one model; returns whether it may run. Raises SpecError when there is no such model."""
    if model_id not in loaded.fleet.models:
        hint = suggestion(model_id, loaded.fleet.models)
        raise SpecError(f"there is no model `{model_id}` in `{loaded.path}`", hint=hint)
    model = effective(loaded.fleet, model_id)
    plan = decide(loaded.fleet, host, only=(model_id,))
    instance = plan.instances.get(model_id)
    devices = instance.devices if instance else expand(host, model.devices or ())[0]
    found = judged(model, host, devices)
    unplaced = () if found else plan.refusals
    if as_json:
        problems = [output.problem_json(problem, str(loaded.path)) for problem in loaded.placed(unplaced)]
        output.data({"model": model_id, "verdicts": [_judged_data(each) for each in found], "problems": problems})
    elif unplaced:
        output.problems(loaded.placed(unplaced), str(loaded.path))
    else:
        for line in model_lines(model_id, found):
            output.line(line)
    return not unplaced and not any(each.verdict.state == "no" for each in found)


def host_lines(host: Host, found: Sequence[Outlook]) -> Iterator[str]:
    """The table, what is in the way, and the reasons by device and engine."""
    yield from _wrapped(_about(host), "")
    yield ""
    yield from output.columns(*_table(host, found))
    if any("*" in _cell(each) for each in found):
        yield "* not as it is, but there is another way: see `instead` below"
    told = list(remarks(host))
    if told:
        yield ""
        yield from (line for remark in told for line in _wrapped(f"! {remark}", "  "))
    for each in found:
        yield ""
        yield f"{each.title} on {each.target.label}: {each.state}"
        yield from _verdict_lines(each.verdicts, is_short=True)
        yield from _alternative_lines(each.alternatives)


def model_lines(model_id: str, found: Sequence[Judged]) -> Iterator[str]:
    """Everything that is known of one model."""
    if not found:
        yield f"{model_id}: unknown: nothing is known of its engine, or it is placed nowhere"
    for each in found:
        yield f"{model_id} on {each.target.label}: {each.verdict.state}"
        yield from _verdict_lines((each.verdict,), is_short=False)
        yield from _alternative_lines(each.alternatives)


def _about(host: Host) -> str:
    parts = []
    if host.cpu:
        parts.append(f"{host.cpu.threads} threads")
    system, drivers = host.system, host.system.drivers
    parts += [text for text in (system.distribution, system.kernel and f"Linux {system.kernel}", system.libc) if text]
    if drivers.nvidia:
        parts.append(f"NVIDIA driver {drivers.nvidia}" + (f" (CUDA {drivers.cuda})" if drivers.cuda else ""))
    if drivers.rocm:
        parts.append(f"ROCm {drivers.rocm}")
    return "; ".join(parts)


def _table(host: Host, found: Iterable[Outlook]) -> tuple[Sequence[str], list[Sequence[str]]]:
    by_device: dict[str, list[Outlook]] = {}
    for each in found:
        by_device.setdefault(each.target.name, []).append(each)
    engines = [_engine(each) for each in next(iter(by_device.values()), [])]
    head = ("DEVICE", "", "CODE", "MEMORY", "FREE", *engines)
    rows = [_row(device, host.cpu, by_device.get(device.name, [])) for device in (*host.devices, *host.idle_gpus)]
    return head, [(*row, *[""] * (len(head) - len(row))) for row in rows]


def _engine(each: Outlook) -> str:
    return f"{each.title} {each.release}" if each.release else each.title


def _row(device: Device, cpu: Cpu | None, found: Sequence[Outlook]) -> tuple[str, ...]:
    memory = (format_bytes(device.total_bytes), format_bytes(device.free_bytes)) if device.total_bytes else ("-", "-")
    code, title = device.capability or device.gfx or "-", device.title
    if device.kind == "cpu" and cpu:
        code, title = _level(cpu), cpu.title
    cells = [_cell(each) for each in found] or ["no driver"]
    return (device.name, textwrap.shorten(title, 44, placeholder=" …"), code, *memory, *cells)


def _level(cpu: Cpu) -> str:
    return f"x86-64-v{cpu.level}" if cpu.level else cpu.architecture


def _cell(each: Outlook) -> str:
    """The answer, with a star where the same engine runs in another way, of which the reasons tell."""
    return f"{each.state}*" if any(other.kind != "engine" for other in each.alternatives) else each.state


def _verdict_lines(verdicts: Iterable[Verdict], *, is_short: bool) -> Iterator[str]:
    for verdict in verdicts:
        first = f"  {verdict.what}: {verdict.state}"
        shown = _deciding(verdict.reasons) if is_short else verdict.reasons
        if len(shown) == 1:
            yield from _wrapped(f"{first}: {_sentence(shown[0])}", "      ")
        else:
            yield first
            for reason in shown:
                mark = "" if reason.state == verdict.state else f"{reason.state}: "
                yield from _wrapped(f"    - {mark}{_sentence(reason)}", "      ")


def _deciding(reasons: Sequence[Reason]) -> Sequence[Reason]:
    """All that is not yes; of a yes what the code says, for the CPU which instructions it takes."""
    against = [reason for reason in reasons if reason.state != "yes"]
    of_cpu = [reason for reason in reasons if reason.about == "processor"]
    return against or of_cpu or reasons[:1]


def _sentence(reason: Reason) -> str:
    parts = [reason.message]
    if reason.note and reason.state != "yes":
        parts.append(f"; {reason.note}")
    if reason.hint:
        parts.append(f"; {reason.hint}")
    if reason.source:
        doubt = f", {reason.confidence}" if reason.confidence in {"reported", "general"} else ""
        parts.append(f" [{reason.source}{doubt}]")
    return "".join(parts)


def _alternative_lines(alternatives: Iterable[Alternative]) -> Iterator[str]:
    for each in alternatives:
        note = f"; {each.note}" if each.note else ""
        yield from _wrapped(f"  instead: {each.message}{note} [{each.source}]", "      ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _outlook_data(each: Outlook) -> dict[str, Any]:
    return {
        "device": each.target.name,
        "code": each.target.code,
        "engine": each.engine,
        "release": each.release,
        "state": each.state,
        "verdicts": [_verdict_data(verdict) for verdict in each.verdicts],
        "alternatives": [asdict(other) for other in each.alternatives],
    }


def _judged_data(each: Judged) -> dict[str, Any]:
    others = [asdict(other) for other in each.alternatives]
    return {**_verdict_data(each.verdict), "code": each.target.code, "alternatives": others}


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {**asdict(verdict), "state": verdict.state, "is_certain": verdict.is_certain}
