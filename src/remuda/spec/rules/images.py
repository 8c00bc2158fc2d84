"""Container images: the image, and one of tag or digest, each in its own key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)


def _levels(document: Document) -> Iterator[Path]:
    for section in ("engines", "models"):
        for name in document.mapping(section):
            yield section, name


def tag_or_digest(document: Document) -> Iterator[Problem]:
    """A tag beside a digest on one level; a model's `tag` does replace its engine's `digest`."""
    for path in _levels(document):
        keys = document.mapping(*path)
        if keys.get("tag") is not None and keys.get("digest") is not None:
            message = f"{label(path)} has `tag` and `digest`: expected one of them"
            yield document.problem_of_key((*path, "digest"), message, hint="remove `tag`: the digest says more")


def form(document: Document) -> Iterator[Problem]:
    """An image that holds its tag or digest, and tags and digests that no registry knows."""
    for path in _levels(document):
        keys = document.mapping(*path)
        for key, expected in (("tag", _TAG), ("digest", _DIGEST)):
            value = keys.get(key)
            if isinstance(value, str) and not expected.fullmatch(value):
                example = "`sha256:` and 64 hexadecimal digits" if key == "digest" else "a tag such as `v0.23.0`"
                yield document.problem((*path, key), f"{label((*path, key))} must be {example}, not `{value}`")
        image = keys.get("image")
        if isinstance(image, str):
            yield from _image(document, (*path, "image"), image)


def fleeting(document: Document) -> Iterator[Problem]:
    """A build of one night, pinned by its commit: vLLM's are taken from the registry after some weeks."""
    for path in _levels(document):
        tag = document.mapping(*path).get("tag")
        if isinstance(tag, str) and tag.startswith("nightly-"):
            message = f"{label((*path, 'tag'))} pins the build of one night, which will be gone from its registry"
            hint = "pin a release, or push the image to a registry of your own"
            yield document.problem((*path, "tag"), message, hint=hint, severity="warning")


def _image(document: Document, path: Path, image: str) -> Iterator[Problem]:
    name, at, digest = image.partition("@")
    name, colon, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    if at or colon:
        hint = f"write `image: {name}` and `{'digest' if at else 'tag'}: {digest if at else tag}`"
        yield document.problem(path, f"{label(path)} holds a {'digest' if at else 'tag'}", hint=hint)
    elif not name or re.search(r"\s", name):
        yield document.problem(path, f"{label(path)} must be the name of an image, not `{image}`")
