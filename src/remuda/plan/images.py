"""Official container images of engines: what their names and tags tell of the build inside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

OFFICIAL: Final = {
    "vllm": re.compile(r"(?:.*/)?(?:vllm/vllm-openai(?:-(?:rocm|cpu|xpu))?|vllm(?:-arm64)?-cpu-release-repo)"),
    "llama-cpp": re.compile(r"(?:.*/)?ggml-org/llama\.cpp"),
}
"""The repositories of the images that an engine's own project publishes."""

TAGS: Final = {
    "vllm": re.compile(r"v?(?P<release>\d+\.\d+\.\d+(?:\.\d+)?(?:\.post\d+)?)(?P<tail>-.+)?"),
    "llama-cpp": re.compile(r"(?:(?P<tail>.+)-)?(?P<release>b\d+)"),
}
"""The tags that name a release."""


_ORIGINAL: Final = re.compile(r"(?:docker\.io/)?vllm/|public\.ecr\.aws/q9t5s3a7/|ghcr\.io/ggml-org/")


@dataclass(frozen=True, slots=True)
class OfficialImage:
    """An official image: `tail` is what its tag has beside the release (`-cu129`, `server-cuda`)."""

    repository: str
    release: str
    tail: str

    @property
    def is_original(self) -> bool:
        """Whether it comes from where the project publishes it; a mirror may hold another build of that name."""
        return _ORIGINAL.match(self.repository) is not None


def official(engine: str, reference: str) -> OfficialImage | None:
    """What a reference with a tag names; None for an image of somebody else, and for a tag that names no release."""
    repository, _, tag = reference.rpartition(":")
    if engine not in OFFICIAL or not OFFICIAL[engine].fullmatch(repository):
        return None
    found = TAGS[engine].fullmatch(tag)
    return OfficialImage(repository, found["release"], found["tail"] or "") if found else None
