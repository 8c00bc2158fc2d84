"""Whether a release of an engine can do on a card what a model asks for: format, quantisation, types, attention."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.knowledge import features, formats
from remuda.knowledge.features import Feature
from remuda.knowledge.release import release as numbered
from remuda.plan.verdict.needs import Needs
from remuda.plan.verdict.reason import Reason, State
from remuda.plan.verdict.target import Target

_SUPPORT: dict[formats.Support, State] = {"yes": "yes", "no": "no", "convert": "no"}
_HARVESTED = "the release's own sources, by tools/harvest_flags.py"


def abilities(engine: str, release: str, target: Target, needs: Needs) -> Iterator[Reason]:
    """What speaks for and against what is asked for, in one release on one device."""
    if needs.format:
        yield from _format(engine, needs.format, release)
    if needs.hint:
        yield from _hinted(engine, release, target, needs)
    if engine != "vllm":
        return
    if needs.quantization:
        yield from quantization(needs.quantization, release, target)
    kv_cache = None if needs.attention == "flashinfer" else needs.kv_cache
    for kind, name in (("dtype", needs.dtype), ("kv-cache", kv_cache), ("attention", needs.attention)):
        for row in features.find(engine, f"{kind}:{name}", release) if name else ():
            yield from _feature(row, kind, target)


def quantization(name: str, release: str, target: Target) -> Iterator[Reason]:
    """Whether a release of vLLM takes a quantisation, and the card is new enough for it."""
    standing = formats.quantization(name, release)
    if standing.state != "known":
        state: State = "unknown" if standing.state == "unknown" else "no"
        when = {"gone": f": it is gone since {standing.since}", "later": f": it came with {standing.since}"}
        message = f"vLLM {release} does not take the quantisation `{name}`{when.get(standing.state, '')}"
        if state == "unknown":
            message = f"whether vLLM {release} takes the quantisation `{name}` is not known"
        yield Reason(
            state=state, about="quantization", message=message, source=_HARVESTED,
            confidence="read" if standing.state in {"gone", "later"} else "general",
        )  # fmt: skip
        return
    least = formats.capability_of(name, release)
    if target.platform != "cuda" or target.code is None or least is None:
        message = f"what the quantisation `{name}` needs of {target.label} is not known"
        yield Reason(state="unknown", about="quantization", message=message)
        return
    enough = (numbered(target.code) or ()) >= (numbered(least) or ())
    yield Reason(
        state="yes" if enough else "no",
        about="quantization",
        message=f"the quantisation `{name}` needs compute capability {least}, and {target.name} has {target.code}",
        source=_HARVESTED,
        confidence="read",
    )
    if enough and name in {"fp8", "nvfp4", "modelopt_fp4"}:
        feature = "fp8:native" if name == "fp8" else "nvfp4:native"
        for row in features.find("vllm", feature, release):
            yield from _feature(row, "quantization", target)


def triton(release: str, target: Target) -> Reason | None:
    """Whether Triton, without which vLLM runs nothing on AMD's cards, compiles for a card; None if no row tells."""
    for row in features.find("vllm", "triton", release):
        if target.platform == "rocm" and target.code:
            is_in = target.code in row.targets
            message = f"Triton compiles for {target.code}" if is_in else f"Triton has no {target.code}"
            return Reason(
                state="yes" if is_in else "no", about="triton", message=message, note=None if is_in else row.note,
                hint=None if is_in else f"use {row.fallback}", source=row.source, confidence=row.confidence,
            )  # fmt: skip
    return None


def _format(engine: str, name: str, release: str) -> Iterator[Reason]:
    row = formats.find(engine, name, release)
    if row is None:
        yield Reason(state="unknown", about="format", message=f"whether it reads {name} is not known")
        return
    verb = {"yes": "reads", "no": "does not read", "convert": "reads only what is converted from"}
    message = f"{engine} {verb.get(row.support, 'reads in some way')} {name}"
    state = _SUPPORT.get(row.support, "unknown")
    if row.support == "plugin":
        state, message = "no", f"{engine} {release} reads {name} only with a plugin"
    yield Reason(
        state=state, about="format", message=message, hint=row.note, source=row.source, confidence=row.confidence
    )


def _hinted(engine: str, release: str, target: Target, needs: Needs) -> Iterator[Reason]:
    """What follows if the model is what its name says; nothing of it is certain."""
    name = needs.hint or ""
    if engine == "vllm" and not needs.is_format_hint:
        found = quantization(name, release, target)
    else:
        found = _format(engine, name, release)
    for reason in found:
        if reason.state == "no":
            yield Reason(
                state="no", about=reason.about, message=f"{reason.message}, and by its name the model is {name}",
                hint=reason.hint, source=reason.source, confidence="general",
            )  # fmt: skip


def _feature(row: Feature, kind: str, target: Target) -> Iterator[Reason]:
    """A feature of capabilities says nothing of AMD's cards, and one of gfx targets nothing of NVIDIA's."""
    is_gfx = any(each.startswith("gfx") for each in row.targets)
    if target.code is None or target.platform != ("rocm" if is_gfx else "cuda"):
        return
    has = target.code in row.targets if row.targets else _reaches(target.code, row.capability)
    needed = ", ".join(row.targets) if row.targets else f"compute capability {row.capability}"
    name = row.feature.partition(":")[2]
    if has:
        yield _of(row, "yes", kind, f"`{name}` needs {needed}, and {target.name} is {target.code}")
    elif kind == "quantization":
        yield _of(
            row, "yes", kind, f"{row.feature} needs {needed}: on {target.code} {row.fallback or 'it is emulated'}"
        )
    else:
        yield _of(row, "no", kind, f"`{name}` needs {needed}, and {target.name} is {target.code}")


def _of(row: Feature, state: State, kind: str, message: str) -> Reason:
    """An engine that has no message for it may do something else by itself, so that its refusal is not certain."""
    confidence = "general" if state == "no" and row.message is None else row.confidence
    hint = f"use {row.fallback}" if state == "no" and row.fallback else None
    return Reason(
        state=state, about=kind, message=message, note=row.note, hint=hint,
        source=row.source, confidence=confidence,
    )  # fmt: skip


def _reaches(code: str, least: str | None) -> bool:
    return least is None or (numbered(code) or ()) >= (numbered(least) or ())
