"""What a service sees of the host: `volumes` in both forms, and files of `configs` and `secrets`.

The fleet has mounts as podman and docker write them, `host:container[:options]`; what that form cannot say (a `tmpfs`,
a part of a volume, a file made of text) is said and left out.

Sources: the Compose specification, services.volumes; compose-spec/compose-go, format/volume.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt.compose.places import Places
from remuda.adapt.compose.tree import Report, Value

_OPTIONS: Final = frozenset(
    {
        *("ro", "rw", "z", "Z", "U", "O", "nocopy", "exec", "noexec", "cached", "delegated", "consistent"),
        *("rprivate", "private", "rshared", "shared", "rslave", "slave"),
    }
)
_DEFAULT_OPTIONS: Final = frozenset({"rw", "cached", "delegated", "consistent"})
_INSIDE: Final = {"configs": "/", "secrets": "/run/secrets/"}
_LONG: Final = frozenset({"type", "source", "target", "read_only", "bind", "volume", "consistency"})


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount in the fleet's form; `file` is the file or directory that it shows, if that is one of the files."""

    source: str
    target: str
    options: tuple[str, ...] = ()
    file: PurePosixPath | None = None

    def __str__(self) -> str:
        return ":".join(filter(None, (self.source, self.target, ",".join(self.options))))


def mounts(service: Value, declared: Value, places: Places, report: Report) -> Iterator[Mount]:
    """What a service mounts; `declared` are the `configs` and `secrets` that it may name."""
    for volume in service.get("volumes").items:
        if mount := _long(volume, places, report) if volume.pairs else _short(volume, places, report):
            yield mount
    for kind in _INSIDE:
        for item in service.get(kind).items:
            if mount := _file(kind, item, declared.get(kind), places, report):
                yield mount


def _short(volume: Value, places: Places, report: Report) -> Mount | None:
    if not volume.text:
        return None  # a variable was refused
    source, target, options = (*volume.text.split(":", 2), "", "")[:3]
    if not source.strip() or ":" in options:
        report.refuse(volume, f"cannot read the volume `{volume.text}`", "write `SOURCE:TARGET` or `SOURCE:TARGET:ro`")
        return None
    if not target:
        message = f"the volume `{source}` has no source: what is written there is lost with the container"
        report.warn(volume, message, f"write `NAME:{source}` to keep it")
        return None
    named = [option for option in options.split(",") if option not in ("", *_DEFAULT_OPTIONS)]
    for option in named:
        if option not in _OPTIONS:
            report.warn(volume, f"the option `{option}` of the volume `{target}` is left out: it is not known")
    return _mount(volume, source, target, tuple(option for option in named if option in _OPTIONS), places)


def _long(volume: Value, places: Places, report: Report) -> Mount | None:
    kind, source, target = (volume.get(key).text for key in ("type", "source", "target"))
    if kind not in ("bind", "volume", "") or not source or not target:
        what = f"the {kind} mount" if kind else "the volume"
        report.warn(volume, f"{what} at `{target}` is left out: only binds and named volumes are taken over")
        return None
    for key, value in (*volume.pairs.items(), *volume.get("volume").pairs.items()):
        if key not in _LONG | {"nocopy"}:
            report.warn(value, f"`{key}` of the volume at `{target}` is left out: the fleet's form has no word for it")
    bind = volume.get("bind")
    said = {
        "ro": volume.get("read_only").is_true,
        "nocopy": volume.get("volume", "nocopy").is_true,
        bind.get("propagation").text: True,
        bind.get("selinux").text: True,
    }
    options = tuple(option for option, is_said in said.items() if option and is_said)
    at_root = source if source.startswith(("/", "~", ".")) or kind != "bind" else f"./{source}"
    return _mount(volume, at_root, target, options, places)


def _mount(origin: Value, source: str, target: str, options: tuple[str, ...], places: Places) -> Mount:
    if not source.startswith((".", "/", "~")):
        return Mount(source, target, options)
    return Mount(places.on_host(source, origin), target, options, places.in_files(source, origin))


def _file(kind: str, item: Value, declared: Value, places: Places, report: Report) -> Mount | None:
    name = item.get("source").text or item.text
    definition = declared.get(name)
    path = definition.get("file")
    if not path.text:
        what = "content" if definition.get("content").text else "file"
        reason = "it is not in a file" if what == "content" or definition.pairs else "nothing says where it is"
        report.warn(item, f"the {kind.removesuffix('s')} `{name}` is left out: {reason}", "mount a file in `volumes`")
        return None
    target = item.get("target").text or name
    source = path.text if path.text.startswith(("/", "~", ".")) else f"./{path.text}"
    return _mount(path, source, target if target.startswith("/") else _INSIDE[kind] + target, ("ro",), places)
